package netloop

import (
	"bytes"
	"flag"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"granary/internal/mem"
	"granary/internal/resp"
)

const testSpare = 12

// testServer is a small server over a Group: enough commands to drive every
// path of the package.
type testServer struct {
	mu       sync.Mutex // the keyspace lock
	group    *Group
	arena    *mem.Arena // of what BIG pins
	cur      *Loop
	sessions map[*testSession]bool
	pins     map[mem.Ref]int
	sizes    map[mem.Ref]int
	ticks    int
	tickMs   int64
	refuse   bool
	reasons  map[Reason]int
	outputs  int
	limit    int // output limit, 0: none
	pumping  bool
}

type testSession struct {
	s      *testServer
	conn   *Conn
	parser resp.Parser
	name   string
	left   int // bytes behind the request being executed
}

func (s *testServer) Lock(l *Loop) { s.mu.Lock(); s.cur = l }
func (s *testServer) Unlock(*Loop) { s.cur = nil; s.mu.Unlock() }

func (s *testServer) Accept(c *Conn) Session {
	if s.refuse {
		c.Out.Error("ERR max number of clients reached")
		return nil
	}
	ts := &testSession{s: s, conn: c}
	s.sessions[ts] = true
	return ts
}

func (s *testServer) Tick(l *Loop, now int64) int64 {
	s.ticks++
	return now + s.tickMs
}

func (s *testServer) Unpin(ref mem.Ref) {
	s.pins[ref]--
	if s.pins[ref] == 0 {
		delete(s.pins, ref)
		s.arena.Free(ref, s.sizes[ref], mem.PurposeString)
		delete(s.sizes, ref)
	}
}

func (s *testServer) Output(c *Conn) {
	s.outputs++
	if s.limit > 0 && c.OutMem() > s.limit {
		c.Close()
	}
}

func (ts *testSession) Closed(c *Conn) {
	delete(ts.s.sessions, ts)
	ts.s.reasons[c.Reason()]++
}

func (ts *testSession) Serve(c *Conn, in []byte) int {
	used := 0
	ts.parser.Front = c.Front()
	for !c.Paused() && !c.Stopped() && used < len(in) {
		n, err := ts.parser.Parse(in[used:])
		if err != nil {
			c.Out.Errorf("ERR Protocol error: %v", err)
			c.CloseAfterReply()
			return len(in)
		}
		if n == 0 {
			c.Need, c.Body, c.Complete = ts.parser.Need(), ts.parser.Body(), ts.parser.Complete()
			break
		}
		used += n
		ts.left = len(in) - used
		if len(ts.parser.Args) > 0 {
			ts.execute(c, ts.parser.Args)
		}
	}
	return used
}

func (ts *testSession) execute(c *Conn, args [][]byte) {
	w := &c.Out
	num := func() int {
		n, _ := strconv.Atoi(string(args[1]))
		return n
	}
	switch string(args[0]) { // no allocation: a switch on a conversion
	case "PING":
		w.Pong()
	case "SET":
		w.OK()
	case "GET":
		w.Bulk(benchValue)
	case "LEN": // the sum of the arguments' lengths
		n := 0
		for _, a := range args[1:] {
			n += len(a)
		}
		w.Int(int64(n))
	case "TAKE": // take the first argument over; the others, and a sum of it
		ref, tail, ok := mem.Ref(0), []byte(nil), false
		if ts.left == 0 {
			ref, tail, ok = c.Take(args[1], ts.s.arena, mem.PurposeString)
		}
		if ok {
			ts.parser.Rebase(1, tail)
			n := testSpare + len(args[1])
			args[1] = mem.Bytes(ref, n)[testSpare:]
			defer ts.s.arena.Free(ref, n, mem.PurposeString)
		}
		w.BulkString(fmt.Sprint(ok, len(args[1]), crc32.ChecksumIEEE(args[1])) + " " + string(bytes.Join(args[2:], []byte(" "))))
	case "ECHO":
		w.Bulk(args[1])
	case "NAME":
		ts.name = string(args[1])
		w.OK()
	case "FILL": // n bytes, copied
		w.Bulk(make([]byte, num()))
	case "BIG": // n bytes by reference, twice, with a reply in between
		n := num()
		ref := ts.s.arena.Alloc(n+7, mem.PurposeString)
		b := mem.Bytes(ref, n+7)
		for i := range b {
			b[i] = byte('a' + i%26)
		}
		ts.s.sizes[ref] = n + 7
		ts.s.pins[ref]++ // our own
		if w.BulkRef(ref, 7, n) {
			ts.s.pins[ref]++
		}
		w.OK()
		if w.BulkRef(ref, 7, n) {
			ts.s.pins[ref]++
		}
		ts.s.Unpin(ref)
	case "LATER":
		m := w.ArrayLater()
		n := num()
		for i := range n {
			w.Int(int64(i))
		}
		w.SetLen(m, n)
	case "PAUSE":
		c.Pause()
		w.OK()
	case "RESUME", "KILL", "TELL": // another connection, by name
		for o := range ts.s.sessions {
			if o.name != string(args[1]) {
				continue
			}
			o.conn.Borrow(ts.s.cur)
			switch args[0][0] {
			case 'R':
				o.conn.Resume()
			case 'K':
				o.conn.Close()
			case 'T':
				o.conn.Out.Bulk(args[2])
			}
			o.conn.Return(ts.s.cur)
		}
		w.OK()
	case "INFO":
		w.BulkString(fmt.Sprintf("qbuf=%d qbuf-free=%d rbs=%d rbp=%d obl=%d oll=%d omem=%d tot-mem=%d events=%s",
			c.QueryLen(), c.QueryFree(), c.ReplyBufSize(), c.ReplyPeak(), c.OutBufLen(), c.OutListLen(), c.OutMem(), c.TotMem(), c.Events()))
	case "PUMP": // let others have turns until one says DONE, then echo
		ts.s.pumping = true
		l := c.Loop()
		for ts.s.pumping {
			l.Pump()
		}
		l.PumpEnd()
		w.Bulk(args[1])
	case "DONE":
		ts.s.pumping = false
		w.OK()
	case "QUIT":
		w.OK()
		c.CloseAfterReply()
	case "MUTE":
		w.Mute(args[1][0] == '1')
	case "DIE":
		w.OK()
		c.Close()
	default:
		w.Error("ERR unknown command")
	}
}

var benchValue = []byte("xxx")

func newTestServer(tb testing.TB, portable bool, o Options) *testServer {
	tb.Helper()
	s := &testServer{
		arena: mem.NewArena("test"), sessions: map[*testSession]bool{}, pins: map[mem.Ref]int{},
		sizes: map[mem.Ref]int{}, reasons: map[Reason]int{}, tickMs: 100,
	}
	o.Handler, o.Spare = s, testSpare
	var err error
	if portable {
		s.group, err = NewPortable(o)
	} else {
		s.group, err = New(o)
	}
	if err != nil {
		tb.Fatal(err)
	}
	s.group.queryIdle = 400
	return s
}

func (s *testServer) locked(fn func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fn()
}

// TestMain runs the tests and looks for leaks. With -serve it is a server, so
// that the loop alone can be measured with redis-benchmark:
//
//	go test -c ./internal/netloop && ./netloop.test -serve 7777
func TestMain(m *testing.M) {
	serve := flag.String("serve", "", "serve on this port until interrupted, instead of testing")
	loops := flag.Int("loops", 1, "with -serve: number of loops")
	portable := flag.Bool("portable", false, "with -serve: the portable loop")
	flag.Parse()
	if err := mem.Open(mem.Config{}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if *serve == "" {
		// The runtime's own poller opens its descriptors at first use.
		if ln, err := net.Listen("tcp", "127.0.0.1:0"); err == nil {
			ln.Close()
		}
		before := openFds()
		code := m.Run()
		if code == 0 {
			code = leaks(before)
		}
		os.Exit(code)
	}
	t := &testing.T{}
	s := newTestServer(t, *portable, Options{Loops: *loops})
	port, _ := strconv.Atoi(*serve)
	if _, err := s.group.ListenTCP("127.0.0.1", port, 511); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	s.group.Start()
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	<-stop
	s.group.Stop()
}

func openFds() int {
	d, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(d)
}

// leaks says what the tests left behind: memory, descriptors, goroutines.
func leaks(fds int) int {
	code := 0
	complain := func(format string, args ...any) {
		fmt.Fprintf(os.Stderr, "leak: "+format+"\n", args...)
		code = 1
	}
	for i := range 100 {
		if openFds() <= fds && runtime.NumGoroutine() <= 4 {
			break
		}
		if i == 99 {
			buf := make([]byte, 1<<16)
			complain("%d descriptors, were %d; goroutines:\n%s", openFds(), fds, buf[:runtime.Stack(buf, true)])
		}
		time.Sleep(10 * time.Millisecond)
	}
	if n := mem.Used(); n != 0 {
		complain("%d bytes of memory", n)
	}
	return code
}

func words(s string) map[string]string {
	m := map[string]string{}
	for _, f := range strings.Fields(s) {
		k, v, _ := strings.Cut(f, "=")
		m[k] = v
	}
	return m
}

// BenchmarkTurn measures a client and the loop together, one connection that
// sends 16 requests at once.
func BenchmarkTurn(b *testing.B) {
	s := newTestServer(b, false, Options{})
	ln, err := s.group.ListenTCP("127.0.0.1", 0, 16)
	if err != nil {
		b.Fatal(err)
	}
	s.group.Start()
	c, err := net.Dial("tcp", "127.0.0.1:"+strconv.Itoa(ln.Port()))
	if err != nil {
		b.Fatal(err)
	}
	req := []byte(strings.Repeat("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", 16))
	buf := make([]byte, 16*len("$3\r\nxxx\r\n"))
	b.ReportAllocs()
	for b.Loop() {
		c.Write(req)
		if _, err := io.ReadFull(c, buf); err != nil {
			b.Fatal(err)
		}
	}
	c.Close()
	s.group.Stop()
}
