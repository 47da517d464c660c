package netloop

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// settle moves the mark that is reached.
func (s *testServer) settle(mark int64) {
	s.settled.Store(mark)
	for _, l := range s.group.loops {
		l.Settle()
	}
}

// TestSettle sees that nobody is answered before the mark of the turn is reached, whether he changed something or only asked.
func TestSettle(t *testing.T) {
	both(t, Options{}, func(t *testing.T, s *testServer, dial func() *client) {
		writer, reader, late := dial(), dial(), dial()
		late.send("NAME late\r\n")
		late.want("+OK\r\n")
		writer.send("MARK 0\r\n")
		writer.want(":0\r\n")
		writer.send("MARK 1\r\nTELL late\r\n") // it makes another
		eventually(t, "the marks are there", func() bool { s.mu.Lock(); defer s.mu.Unlock(); return s.mark == 2 })
		reader.send("PING\r\n")
		for i, c := range []*client{writer, reader, late} {
			c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
			if n, err := c.Read(make([]byte, 10)); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatalf("client %d has read %d bytes (%v) that are not settled", i, n, err)
			}
		}
		dead := dial()
		dead.send("MARK 1\r\n")
		eventually(t, "another mark is there", func() bool { s.mu.Lock(); defer s.mu.Unlock(); return s.mark == 3 })
		dead.tcp().SetLinger(0)
		dead.Close()
		s.settle(3)
		for _, c := range []*client{writer, reader, late} {
			c.SetReadDeadline(time.Now().Add(20 * time.Second))
		}
		writer.want(":1\r\n+OK\r\n")
		reader.want("+PONG\r\n")
		late.want(":2\r\n")
		writer.send("MARK 1\r\nQUIT\r\n")
		eventually(t, "the last mark is there", func() bool { s.mu.Lock(); defer s.mu.Unlock(); return s.mark == 4 })
		s.settle(4)
		writer.want(":4\r\n+OK\r\n")
		if n, err := writer.Read(make([]byte, 10)); err != io.EOF {
			t.Errorf("%d bytes (%v) behind the end", n, err)
		}
	})
}

// TestSettlePump has a session pump in a turn in which others were served: they are answered when the mark of that is reached.
func TestSettlePump(t *testing.T) {
	s := newTestServer(t, false, Options{})
	ln, err := s.group.ListenTCP("127.0.0.1", 0, 511)
	if err != nil {
		t.Fatal(err)
	}
	s.group.Start()
	addr := "127.0.0.1:" + strconv.Itoa(ln.Port())
	first, writer, pumper := dialTest(t, "tcp", addr), dialTest(t, "tcp", addr), dialTest(t, "tcp", addr)
	for _, c := range []*client{first, writer, pumper} {
		c.do("PING", "+PONG\r\n")
	}
	s.mu.Lock()
	first.send("PING\r\n") // the loop waits for the lock with it, and finds both of the others behind it
	time.Sleep(20 * time.Millisecond)
	writer.send("MARK 1\r\n")
	pumper.send("PUMP end\r\n")
	time.Sleep(20 * time.Millisecond)
	s.mu.Unlock()
	first.want("+PONG\r\n")
	eventually(t, "one pumps", func() (ok bool) { s.locked(func() { ok = s.pumping }); return ok })
	writer.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if n, err := writer.Read(make([]byte, 10)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("the writer has read %d bytes (%v) that are not settled", n, err)
	}
	s.settle(1)
	writer.SetReadDeadline(time.Now().Add(20 * time.Second))
	writer.want(":1\r\n")
	first.do("DONE", "+OK\r\n")
	pumper.want("$3\r\nend\r\n")
	s.stop(t)
}

// TestSettleRandom has marks move on while clients send small and large, read slowly, and tell each other things: whoever reads
// the number of a mark reads it after that was reached.
func TestSettleRandom(t *testing.T) {
	both(t, Options{}, func(t *testing.T, s *testServer, dial func() *client) {
		stop := make(chan struct{})
		var settler, clients sync.WaitGroup
		settler.Go(func() {
			for r := rand.New(rand.NewPCG(1, 2)); ; {
				select {
				case <-stop:
					s.settle(math.MaxInt64)
					return
				case <-time.After(time.Duration(r.IntN(500)) * time.Microsecond):
				}
				s.mu.Lock()
				mark := s.mark
				s.mu.Unlock()
				s.settle(max(mark-r.Int64N(3), s.settled.Load()))
			}
		})
		listener := dial()
		listener.send("NAME all\r\n")
		listener.want("+OK\r\n")
		const rounds, told = 60, 40
		check := func(r *bufio.Reader) error {
			line, err := r.ReadString('\n')
			if err != nil {
				return err
			}
			switch line[0] {
			case ':':
				mark, err := strconv.ParseInt(strings.TrimSpace(line[1:]), 10, 64)
				if reached := s.settled.Load(); err != nil || reached < mark {
					return fmt.Errorf("mark %d was told when %d was reached (%v)", mark, reached, err)
				}
			case '$':
				n, err := strconv.Atoi(strings.TrimSpace(line[1:]))
				if err != nil {
					return err
				}
				_, err = io.CopyN(io.Discard, r, int64(n+2))
				return err
			}
			return nil
		}
		for k := range uint64(5) {
			c := dial()
			c.SetDeadline(time.Now().Add(2 * time.Minute))
			clients.Go(func() {
				r := rand.New(rand.NewPCG(3, k))
				in := bufio.NewReaderSize(c, 512)
				for round := range rounds {
					replies := 0
					var out strings.Builder
					for range 1 + r.IntN(6) {
						switch r.IntN(5) {
						case 0:
							fmt.Fprintf(&out, "FILL %d\r\n", r.IntN(100000))
						case 1:
							fmt.Fprintf(&out, "BIG %d\r\n", pinMin+r.IntN(300000))
							replies += 2
						default:
							fmt.Fprintf(&out, "MARK %d\r\n", r.IntN(2))
						}
						replies++
					}
					if round < told {
						out.WriteString("TELL all\r\n")
						replies++
					}
					c.send(out.String())
					for range replies {
						if err := check(in); err != nil {
							t.Errorf("client %d, round %d: %v", k, round, err)
							return
						}
					}
				}
			})
		}
		listener.SetDeadline(time.Now().Add(2 * time.Minute))
		in := bufio.NewReader(listener)
		for i := range 5 * told {
			if err := check(in); err != nil {
				t.Errorf("message %d: %v", i, err)
				break
			}
		}
		clients.Wait()
		close(stop)
		settler.Wait()
	})
}
