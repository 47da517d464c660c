package netloop

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"granary/internal/mem"
)

// counted is what CountBuffers found.
type counted struct {
	bytes [mem.NumPurposes]int64
	pins  map[mem.Ref]int
}

func (k *counted) Count(p mem.Purpose, n int64) { k.bytes[p] += n }
func (k *counted) Pin(ref mem.Ref)              { k.pins[ref]++ }

// recount counts all buffers and compares with the books, and with what the connections say of themselves.
func (s *testServer) recount() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	loops := s.group.loops
	for _, l := range loops { // in a test the order of several is that of this line
		l.mu.Lock()
		defer l.mu.Unlock()
	}
	k := counted{pins: map[mem.Ref]int{}}
	var held Held
	read := int64(0)
	booked := map[mem.Purpose]int64{}
	for _, l := range loops {
		l.CountBuffers(l, &k)
		b := l.arena.Books()
		booked[mem.PurposeQueryBuffer] += b.Purposes[mem.PurposeQueryBuffer].Usable
		booked[mem.PurposeReplyBuffer] += b.Purposes[mem.PurposeReplyBuffer].Usable
		if l.read != nil {
			read += int64(mem.Usable(len(l.read)))
		}
		for _, c := range l.conns {
			h := c.Held()
			held.Query += h.Query
			held.Static += h.Static
			held.List += h.List
			held.Pinned += h.Pinned
			held.Self += h.Self
			if err := c.checkOutput(); err != nil {
				return err
			}
		}
	}
	booked[mem.PurposeReplyBuffer] += mem.Outside(mem.PurposeReplyBuffer)
	booked[mem.PurposeClient] += mem.Outside(mem.PurposeClient)
	for p, want := range booked {
		if got := k.bytes[p]; got != want {
			return fmt.Errorf("%s: %d bytes counted, %d booked", p, got, want)
		}
	}
	if got := held.Query + read; got != booked[mem.PurposeQueryBuffer] {
		return fmt.Errorf("connections hold %d bytes of query buffers, %d are booked", got, booked[mem.PurposeQueryBuffer])
	}
	if got := held.Static + held.List; got != booked[mem.PurposeReplyBuffer] {
		return fmt.Errorf("connections hold %d bytes of reply buffers, %d are booked", got, booked[mem.PurposeReplyBuffer])
	}
	if held.Self != booked[mem.PurposeClient] {
		return fmt.Errorf("connections take %d bytes themselves, %d are booked", held.Self, booked[mem.PurposeClient])
	}
	if len(k.pins) != len(s.pins) {
		return fmt.Errorf("%d strings counted as pinned, %d are", len(k.pins), len(s.pins))
	}
	for ref, n := range k.pins {
		if s.pins[ref] != n {
			return fmt.Errorf("%#x is pinned %d times, counted %d times", uint64(ref), s.pins[ref], n)
		}
	}
	return nil
}

// checkOutput verifies the sums that output keeps.
func (c *Conn) checkOutput() error {
	o := &c.out
	waiting, static, list, pinned := 0, 0, 0, 0
	for _, s := range o.queue[o.head:] {
		waiting += s.n
		switch {
		case s.kind == segStatic:
			static += s.n
		case s.kind == segPinned:
			list += s.n
			pinned += s.n
		case s.size > 0:
			list += mem.Usable(s.size)
		}
	}
	if o.open.kind == segBlock && o.open.size > 0 {
		list += mem.Usable(o.open.size)
	}
	if waiting != o.waiting || static != o.inStatic || list != o.listMem || pinned != o.pinned {
		return fmt.Errorf("waiting %d, static %d, list %d, pinned %d; counted %d, %d, %d, %d",
			o.waiting, o.inStatic, o.listMem, o.pinned, waiting, static, list, pinned)
	}
	if len(o.queue) > 2*(len(o.queue)-o.head)+queueKeep+1 {
		return fmt.Errorf("%d rows for %d segments", len(o.queue), len(o.queue)-o.head)
	}
	return nil
}

// TestBooks drives clients through random histories, in which they read slowly or not at all, send requests in parts, die,
// and pass limits, and compares the books with a count again and again.
func TestBooks(t *testing.T) {
	both(t, Options{OutputBound: 1 << 20}, func(t *testing.T, s *testServer, dial func() *client) {
		s.locked(func() { s.limit = 24 << 20 })
		var wg sync.WaitGroup
		quit := make(chan struct{})
		for i := range 8 {
			wg.Add(1)
			go func() {
				defer wg.Done()
				rnd := rand.New(rand.NewPCG(7, uint64(i)))
				for {
					select {
					case <-quit:
						return
					default:
					}
					crowd := 0
					if s.locked(func() { crowd = len(s.sessions) }); crowd > 40 { // a slow machine still buries those who left
						time.Sleep(time.Millisecond)
						continue
					}
					live(rnd, dial(), quit)
				}
			}()
		}
		for range 150 {
			if err := s.recount(); err != nil {
				t.Error(err)
				break
			}
			time.Sleep(5 * time.Millisecond)
		}
		close(quit)
		wg.Wait()
		eventually(t, "everybody gone", func() (ok bool) {
			s.locked(func() { ok = len(s.sessions) == 0 })
			return ok
		})
		if err := s.recount(); err != nil {
			t.Error(err)
		}
		if n := mem.Outside(mem.PurposeClient) + mem.Outside(mem.PurposeReplyBuffer); n != 0 {
			t.Errorf("%d bytes of the Go heap stay booked", n)
		}
	})
}

// live is a client's life.
func live(rnd *rand.Rand, c *client, quit chan struct{}) {
	defer c.Close()
	c.SetDeadline(time.Now().Add(300 * time.Millisecond))
	buf := make([]byte, 64<<10)
	cut := false
	for i := 1 + rnd.IntN(40); i > 0 && !cut; i-- {
		select {
		case <-quit:
			return
		default:
		}
		var cmd string
		switch rnd.IntN(8) {
		case 0:
			cmd = "PING\r\n"
		case 1:
			cmd = "FILL " + strconv.Itoa(rnd.IntN(200_000)) + "\r\n"
		case 2:
			cmd = "BIG " + strconv.Itoa(1+rnd.IntN(400_000)) + "\r\n"
		case 3:
			v := strings.Repeat("x", rnd.IntN(300_000))
			cmd = fmt.Sprintf("*2\r\n$3\r\nLEN\r\n$%d\r\n%s\r\n", len(v), v)
		case 4:
			v := strings.Repeat("y", rnd.IntN(300_000))
			cmd = fmt.Sprintf("*3\r\n$4\r\nTAKE\r\n$%d\r\n%s\r\n$3\r\nend\r\n", len(v), v)
		case 5:
			cmd = "LATER " + strconv.Itoa(rnd.IntN(20_000)) + "\r\n"
		case 6:
			cmd = strings.Repeat("PING\r\n", rnd.IntN(3000))
		case 7:
			cmd = strings.Repeat("FILL 5000\r\nBIG 20000\r\n", rnd.IntN(60))
		}
		if cut = rnd.IntN(12) == 0; cut {
			cmd = cmd[:rnd.IntN(len(cmd)+1)] // and no more
		}
		for len(cmd) > 0 {
			n := len(cmd)
			if rnd.IntN(3) == 0 {
				n = 1 + rnd.IntN(n)
			}
			if _, err := c.Write([]byte(cmd[:n])); err != nil {
				return
			}
			cmd = cmd[n:]
		}
		if rnd.IntN(2) == 0 { // reads some of what there is
			c.SetReadDeadline(time.Now().Add(time.Duration(rnd.IntN(4)) * time.Millisecond))
			for range 1 + rnd.IntN(20) {
				if _, err := c.Read(buf); err != nil {
					break
				}
			}
		}
		c.SetDeadline(time.Now().Add(300 * time.Millisecond))
	}
	if cut {
		time.Sleep(time.Duration(rnd.IntN(50)) * time.Millisecond)
	}
	if rnd.IntN(3) == 0 {
		c.tcp().SetLinger(0)
	}
}

// TestQueueStaysSmall: the rows of a client that is always behind do not pile up.
func TestQueueStaysSmall(t *testing.T) {
	s := newTestServer(t, false, Options{})
	ln, err := s.group.ListenTCP("127.0.0.1", 0, 511)
	if err != nil {
		t.Fatal(err)
	}
	s.group.Start()
	addr := "127.0.0.1:" + strconv.Itoa(ln.Port())
	slow, other := dialTest(t, "tcp", addr), dialTest(t, "tcp", addr)
	slow.do("NAME slow", "+OK\r\n")
	msg := strings.Repeat("m", 8000)
	tell := fmt.Sprintf("*3\r\n$4\r\nTELL\r\n$4\r\nslow\r\n$%d\r\n%s\r\n", len(msg), msg)
	buf := make([]byte, 64<<10)
	ahead, most := 0, 0
	for range 8000 { // 64 MB, of which 16 are ahead of the reader at any time, some of them in the sockets
		other.send(tell)
		other.want("+OK\r\n")
		for ahead += len(msg) + 9; ahead > 16<<20; {
			n, err := slow.Read(buf)
			if err != nil {
				t.Fatal(err)
			}
			ahead -= n
		}
		s.locked(func() {
			for ts := range s.sessions {
				if l := ts.conn.loop; ts.name == "slow" {
					l.mu.Lock()
					most = max(most, len(ts.conn.out.queue))
					l.mu.Unlock()
				}
			}
		})
	}
	if most > 2200 || most <= queueKeep {
		t.Errorf("%d rows for 16 MB", most)
	}
	if err := s.recount(); err != nil {
		t.Error(err)
	}
	slow.Close()
	other.Close()
	s.stop(t)
}
