package process

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// mentioned returns the value in a reply that begins with begin and ends with a point, or nothing.
func mentioned(reply, begin string) string {
	_, text, found := strings.Cut(reply, begin)
	if !found {
		return ""
	}
	text, _, _ = strings.Cut(text, ".")
	return begin + text + "."
}

// TestAOFAlways sees that with `appendfsync always` nobody hears of a change before it is in the file: who made it, who reads it, who
// is told by a message, and who was waiting for it. Every write of the file is slowed down, so that there is time to be wrong.
func TestAOFAlways(t *testing.T) {
	dir := t.TempDir()
	s, c := withAOF(t, dir, "--appendfsync", "always", "--io-threads", "2")
	written := func(text string) error {
		files, err := filepath.Glob(filepath.Join(dir, "appendonlydir", "*.incr.aof"))
		if err != nil {
			return err
		}
		for _, name := range files {
			if b, err := os.ReadFile(name); err != nil || bytes.Contains(b, []byte(text)) {
				return err
			}
		}
		return fmt.Errorf("%s was told, and is not in the file", text)
	}
	if got := do(t, c, "DEBUG", "AOF-FLUSH-SLEEP", "3000"); got != "+OK" {
		t.Fatal(got)
	}
	const rounds = 40
	var all sync.WaitGroup
	worker := func(name string, round func(i int) (heard string)) {
		all.Go(func() {
			for i := range rounds {
				heard := round(i)
				if heard == "" {
					continue
				}
				if err := written(heard); err != nil {
					t.Errorf("%s, round %d: %v", name, i, err)
					return
				}
			}
		})
	}
	writer, reader, waiter, pusher, listener, batch := dial(t, s), dial(t, s), dial(t, s), dial(t, s), dial(t, s), dial(t, s)
	do(t, listener, "SUBSCRIBE", "news")
	worker("writer", func(i int) string {
		v := fmt.Sprintf("written-%d.", i)
		do(t, writer, "SET", "shared", v)
		return v
	})
	worker("reader", func(int) string {
		return mentioned(do(t, reader, "GET", "shared"), "written-")
	})
	worker("waiter", func(int) string {
		return mentioned(do(t, waiter, "BLPOP", "list", "20"), "pushed-")
	})
	worker("pusher", func(i int) string {
		v := fmt.Sprintf("pushed-%d.", i)
		do(t, pusher, "RPUSH", "list", v)
		return v
	})
	worker("batch", func(i int) string {
		v := fmt.Sprintf("announced-%d.", i)
		do(t, batch, "EVAL", "redis.call('SET', 'k', ARGV[1]) redis.call('PUBLISH', 'news', ARGV[1])", "0", v)
		return v
	})
	worker("listener", func(int) string {
		v, err := listener.ReadRaw(nil)
		if err != nil {
			t.Error(err)
		}
		return mentioned(string(v), "announced-")
	})
	all.Wait()
	// Nobody is left behind when the policy changes while he waits.
	for i, policy := range []string{"everysec", "always", "no", "always"} {
		do(t, c, "CONFIG", "SET", "appendfsync", policy)
		do(t, writer, "SET", "k", fmt.Sprint(i))
	}
	for _, on := range []string{"no", "yes"} {
		do(t, c, "CONFIG", "SET", "appendonly", on)
		do(t, writer, "SET", "k", on)
	}
	rewritten(t, c)
	do(t, writer, "SET", "k", "last.value")
	if err := written("last.value"); err != nil {
		t.Error(err)
	}
}
