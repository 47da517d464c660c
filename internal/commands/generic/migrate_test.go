package generic

import (
	"bufio"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"granary/internal/command/commandtest"
	"granary/internal/mem"
	"granary/tests/live"
)

// The tests run in a small range, which one of them fills.
func TestMain(m *testing.M) {
	if err := mem.Open(mem.Config{Limit: 128 << 20}); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// target listens and acknowledges every request that comes.
func target(t *testing.T) (port string) {
	t.Helper()
	_, port, _ = net.SplitHostPort(live.Listen(t, acknowledge))
	return port
}

func acknowledge(c net.Conn) {
	defer c.Close()
	c.SetDeadline(time.Now().Add(time.Minute))
	in := bufio.NewReader(c)
	number := func() int {
		line, _ := in.ReadString('\n')
		n, _ := strconv.Atoi(strings.Trim(line, "*$\r\n"))
		return n
	}
	for n := number(); n > 0; n = number() {
		for range n {
			if _, err := io.CopyN(io.Discard, in, int64(number()+2)); err != nil {
				return
			}
		}
		io.WriteString(c, "+OK\r\n")
	}
}

func poolOf(s *commandtest.Session) *migrations { return migrationsOf(s.Env) }

func TestMigrate(t *testing.T) {
	s := session(t)
	s.Feed()
	port := target(t)
	defer poolOf(s).pool.Close()
	for _, key := range []string{"a", "b", "c"} {
		s.Do("SET", key, "value")
	}
	dirty := s.Dirty()
	s.Reset()
	s.Is("+OK", "MIGRATE", "127.0.0.1", port, "a", "0", "10000", "COPY")
	s.HasEvents()
	s.HasEffects()
	s.Is("+OK", "MIGRATE", "127.0.0.1", port, "", "0", "10000", "KEYS", "a", "none", "c")
	s.HasEvents("keymiss none", "del a", "del c")
	s.Is("+OK", "MIGRATE", "127.0.0.1", port, "b", "0", "10000", "REPLACE")
	s.HasEffects("DEL b")
	if s.Dirty() != dirty+3 {
		t.Errorf("%d changes", s.Dirty()-dirty)
	}
	if n := poolOf(s).Cached(); n != 1 {
		t.Errorf("%d connections are kept", n)
	}
}

// TestMigrateOutOfMemory has memory run out at every place of a MIGRATE: all is given back, and what is not gone is there.
func TestMigrateOutOfMemory(t *testing.T) {
	port := target(t)
	s := session(t)
	all := poolOf(s)
	defer all.pool.Close()
	noise := make([]byte, 100_000)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range noise {
		noise[i] = byte(random.Uint32()) // which is not compressed
	}
	for _, key := range []string{"a", "b", "c"} {
		s.Do("SET", key, string(noise[:50_000+len(noise)/2*int(key[0]-'a')/2]))
	}
	a := s.Env.Keys.Arena
	const size = 4096
	var ballast []mem.Ref
	refused, moved := 0, false
	for pages := 0; !moved; pages += 5 { // so many are left
		for mem.Try(func() { ballast = append(ballast, a.Alloc(size, mem.PurposeOther)) }) {
		}
		for range min(pages, len(ballast)) { // the last ones: they lie side by side
			a.Free(ballast[len(ballast)-1], size, mem.PurposeOther)
			ballast = ballast[:len(ballast)-1]
		}
		if !mem.Try(func() {
			moved = s.Do("MIGRATE", "127.0.0.1", port, "", "0", "10000", "COPY", "KEYS", "a", "b", "c") == "+OK\r\n"
		}) {
			refused++
		}
		if b := a.Books().Purposes[mem.PurposeMigrate]; b.Count != 0 || len(all.live) != 0 {
			t.Fatalf("%d blocks are left, and %d migrations", b.Count, len(all.live))
		}
	}
	if refused < 10 {
		t.Errorf("memory ran out %d times only", refused)
	}
	for _, r := range ballast {
		a.Free(r, size, mem.PurposeOther)
	}
	s.Is("+OK", "MIGRATE", "127.0.0.1", port, "", "0", "10000", "KEYS", "a", "b", "c")
	s.Is(":0", "EXISTS", "a", "b", "c")
}
