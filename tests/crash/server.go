package crash

import (
	"fmt"
	"os"
	"time"

	"granary/tests/live"
)

// patience is how long a server may take to start, and to end: the machine may be busy, and the disk slow.
const patience = 60 * time.Second

// start starts a server and waits until it has loaded what there is. The error has its log.
func start(bin string, args ...string) (*live.Server, error) {
	s, err := live.Launch("granary", bin, args...)
	if err != nil {
		return nil, err
	}
	if err := s.Ready(patience); err != nil {
		text := s.Log()
		end(s)
		return nil, fmt.Errorf("%w\n%s", err, text)
	}
	return s, nil
}

// gone reports whether the process has ended by itself, and in good order.
func gone(s *live.Server) bool { return !s.Alive() && s.Wait(patience) == 0 }

// end kills the process and removes its folder.
func end(s *live.Server) error {
	err := s.Kill(patience)
	os.RemoveAll(s.Dir)
	return err
}
