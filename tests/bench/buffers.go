package main

import (
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"granary/tests/live"
)

// What happens to a server when a client does not do its part: it reads nothing, it stalls, it sends slowly, or there are very
// many. Each case runs in a fresh server beside an observer (memory), a client that sends PING, and data that is to stay.

// bufferCase is one of them.
type bufferCase struct {
	name    string
	options []string // of the server
	granary []string // further ones that only Granary has
	redis   []string // in their place
	prepare func(b *bufferRun) error
	misuse  func(b *bufferRun) error // the connections it leaves in b.conns are closed behind it
	values  float64                  // MB that are data and stay
}

// bufferRun is a case in one server.
type bufferRun struct {
	s       *live.Server
	scale   float64
	control *live.Conn
	conns   []net.Conn
}

const mb = 1_000_000

func (b *bufferRun) times(n int) int { return max(int(float64(n)*b.scale), 1) }

func (b *bufferRun) do(args ...string) error {
	r, err := b.control.Do(args...)
	if err == nil && r.Kind == '-' {
		err = fmt.Errorf("%s: %s", args[0], r.Str)
	}
	return err
}

// dial opens a connection that is closed when the case ends, on which nothing takes longer than a minute.
func (b *bufferRun) dial() (net.Conn, error) {
	c, err := net.Dial("tcp", b.s.Addr)
	if err != nil {
		return nil, err
	}
	c.SetDeadline(time.Now().Add(time.Minute))
	b.conns = append(b.conns, c)
	return c, nil
}

// asks sends requests on a connection of its own and reads nothing. A server that does not take them is no error: it has
// stopped reading, or has closed the connection.
func (b *bufferRun) asks(request string, n int) error {
	c, err := b.dial()
	if err != nil {
		return err
	}
	c.SetWriteDeadline(time.Now().Add(5 * time.Second))
	c.Write([]byte(strings.Repeat(request, n)))
	return nil
}

// bigReplies is how much is asked for, large values by 1 MB or lists of small elements.
const bigReplies = 4000

var bufferCases = []bufferCase{
	{
		name: "4 GB of replies, values of 1 MB", prepare: withValues, misuse: func(b *bufferRun) error {
			var all strings.Builder
			for i := range b.times(bigReplies) {
				fmt.Fprintf(&all, "GET big:%d\r\n", i%8)
			}
			return b.asks(all.String(), 1)
		},
	},
	{
		name: "one MGET of 4 GB, values of 1 MB", prepare: withValues, misuse: func(b *bufferRun) error {
			n := b.times(bigReplies)
			return b.asks("MGET"+strings.Repeat(" big:0 big:1 big:2 big:3 big:4 big:5 big:6 big:7", n/8)+"\r\n", 1)
		},
	},
	{
		name:    "one EXEC of 4 GB, lists of 100-byte elements, output limit of 64 MB",
		options: []string{"--client-output-buffer-limit", "normal", "64mb", "0", "0"},
		prepare: withList, misuse: func(b *bufferRun) error {
			return b.asks("MULTI\r\n"+strings.Repeat("LRANGE list 0 -1\r\n", b.times(bigReplies))+"EXEC\r\n", 1)
		},
	},
	{name: "4 GB of replies, lists of 100-byte elements", prepare: withList, misuse: readsLists},
	{
		name: "the same, output limit of 64 MB", options: []string{"--client-output-buffer-limit", "normal", "64mb", "0", "0"},
		prepare: withList, misuse: readsLists,
	},
	{
		name:    "the same, a limit on memory of 200 MB, allkeys-lru",
		options: []string{"--maxmemory-policy", "allkeys-lru"}, granary: []string{"--maxmemory-data", "200mb"}, redis: []string{"--maxmemory", "200mb"},
		prepare: withKeys, misuse: readsLists,
	},
	{
		name: "MONITOR stalls, 500 MB written", misuse: func(b *bufferRun) error {
			if err := b.asks("MONITOR\r\n", 1); err != nil {
				return err
			}
			return b.writes(500, 100_000)
		},
	},
	{
		name: "the same, maxmemory-clients of 64 MB", options: []string{"--maxmemory-clients", "64mb"}, misuse: func(b *bufferRun) error {
			if err := b.asks("MONITOR\r\n", 1); err != nil {
				return err
			}
			return b.writes(500, 100_000)
		},
	},
	{
		name: "20 subscribers stall, 100 MB published", options: []string{"--client-output-buffer-limit", "pubsub", "0", "0", "0"},
		misuse: publishes,
	},
	{name: "the same, the default limit of 32 MB", misuse: publishes},
	{
		name: "a cache does not read 500,000 invalidations of 200-byte keys", misuse: func(b *bufferRun) error {
			if err := b.asks("HELLO 3\r\nCLIENT TRACKING ON BCAST\r\n", 1); err != nil {
				return err
			}
			return b.writesKeys(b.times(500_000), 200)
		},
	},
	{
		name: "a value of 512 MB", values: 512, misuse: func(b *bufferRun) error { return b.sends(b.times(512)*mb, 1, 0) },
	},
	{
		name: "four values of 256 MB, sent in turns", values: 1024, misuse: func(b *bufferRun) error { return b.sends(b.times(256)*mb, 4, mb) },
	},
}

// withValues stores eight values of 1 MB.
func withValues(b *bufferRun) error {
	for i := range 8 {
		if err := b.do("SET", fmt.Sprint("big:", i), strings.Repeat("v", mb)); err != nil {
			return err
		}
	}
	return nil
}

// withList stores a list of 10,000 elements, 1 MB.
func withList(b *bufferRun) error {
	args := []string{"RPUSH", "list"}
	for range 1000 {
		args = append(args, strings.Repeat("e", 100))
	}
	for range 10 {
		if err := b.do(args...); err != nil {
			return err
		}
	}
	return nil
}

// withKeys stores 100 MB of keys besides.
func withKeys(b *bufferRun) error {
	if err := withList(b); err != nil {
		return err
	}
	return fill(b.s, 100_000, func(dst []byte, i int) []byte {
		return appendWord(appendNumbered(appendWord(appendHead(dst, 3), "SET"), "k", 15, i), strings.Repeat("v", 1000))
	})
}

func readsLists(b *bufferRun) error { return b.asks("LRANGE list 0 -1\r\n", b.times(bigReplies)) }

// writes sets a key to values of size bytes, n MB together.
func (b *bufferRun) writes(n, size int) error {
	value := strings.Repeat("v", size)
	for range b.times(n) * mb / size {
		if err := b.do("SET", "key", value); err != nil {
			return err
		}
	}
	return nil
}

// writesKeys sets n keys with names of size bytes, which are expired soon.
func (b *bufferRun) writesKeys(n, size int) error {
	return fill(b.s, n, func(dst []byte, i int) []byte {
		return appendWord(appendNumbered(appendWord(appendHead(dst, 3), "SET"), "k", size, i%1000), "v")
	})
}

// publishes sends 100 messages of 1 MB to 20 subscribers that do not read.
func publishes(b *bufferRun) error {
	for range 20 {
		if err := b.asks("SUBSCRIBE channel\r\n", 1); err != nil {
			return err
		}
	}
	message := strings.Repeat("m", mb)
	for range b.times(100) {
		if err := b.do("PUBLISH", "channel", message); err != nil {
			return err
		}
	}
	return nil
}

// sends sets n keys to values of size bytes, on a connection each: whole, or step bytes of each in turn.
func (b *bufferRun) sends(size, n, step int) error {
	if step == 0 {
		step = size
	}
	chunk := make([]byte, min(step, mb))
	for i := range n {
		c, err := b.dial()
		if err != nil {
			return err
		}
		fmt.Fprintf(c, "*3\r\n$3\r\nSET\r\n$5\r\nbig:%d\r\n$%d\r\n", i, size)
	}
	for sent := 0; sent < size; sent += len(chunk) {
		for _, c := range b.conns {
			if _, err := c.Write(chunk[:min(len(chunk), size-sent)]); err != nil {
				return err
			}
		}
	}
	for _, c := range b.conns {
		fmt.Fprint(c, "\r\n")
		if _, err := c.Read(make([]byte, 5)); err != nil {
			return err
		}
	}
	return nil
}

// bufferResult is what one case looked like, in MB where nothing else is said.
type bufferResult struct {
	used, resident        float64 // at most, beyond what was before
	usedAfter, rssAfter   float64 // when the clients were gone, the same
	took                  time.Duration
	served                time.Duration // the longest PING by the server's doing
	slow                  slowest
	evicted, disconnected int64
	owner                 string
}

// measureBuffers runs all cases.
func measureBuffers(o *options, all []contender) (string, error) {
	var b strings.Builder
	b.WriteString("A client does not do its part. In MB (10^6 bytes), beyond what the server took before: the most used_memory and resident memory " +
		"meanwhile; both when the client is gone and values of its own are deleted, and after how many seconds (ten at most) they had come down. PING is the longest wait of another " +
		"client that was the server's doing, in milliseconds, and the longest command by the server's slow log is beside it. Keys evicted and clients " +
		"disconnected are counted by the server. Servers have default settings but for those named; a limit on memory is maxmemory for redis, and maxmemory-data for Granary, which " +
		"is on data alone.")
	if o.scale != 1 {
		fmt.Fprintf(&b, " Amounts are scaled by %g.", o.scale)
	}
	b.WriteString("\n\n| case | server | used, most | resident, most | used after | resident after | s | PING, ms | longest command, ms | evicted | disconnected | first of MEMORY OWNERS |\n" +
		"|---|---|---|---|---|---|---|---|---|---|---|---|\n")
	for i := range bufferCases {
		for _, c := range all {
			r, err := runBuffers(o, c, &bufferCases[i])
			if err != nil {
				return "", fmt.Errorf("%s, %s: %w", bufferCases[i].name, c.name, err)
			}
			line := fmt.Sprintf("| %s | %s | %.1f | %.1f | %.1f | %.1f | %.1f | %.1f | %s | %d | %d | %s |\n", bufferCases[i].name, c.name, r.used, r.resident,
				r.usedAfter, r.rssAfter, r.took.Seconds(), millis(r.served), r.slow, r.evicted, r.disconnected, r.owner)
			fmt.Print(line)
			b.WriteString(line)
		}
	}
	clients, err := measureIdleClients(o, all)
	return b.String() + clients, err
}

// runBuffers runs one case in one server.
func runBuffers(o *options, c contender, k *bufferCase) (r bufferResult, err error) {
	args := append(append([]string{}, slowlogOptions...), k.options...)
	if c.name == "granary" {
		args = append(args, k.granary...)
	} else {
		args = append(args, k.redis...)
	}
	s, err := live.Start(c.name, c.path, args...)
	if err != nil {
		return r, err
	}
	defer s.Stop()
	b := &bufferRun{s: s, scale: o.scale}
	if b.control, err = s.Dial(); err != nil {
		return r, err
	}
	defer b.control.Close()
	b.control.Timeout = 5 * time.Minute
	if k.prepare != nil {
		if err := k.prepare(b); err != nil {
			return r, err
		}
	}
	time.Sleep(300 * time.Millisecond)
	used, err := infoInt(s, "memory", "used_memory")
	if err != nil {
		return r, err
	}
	resident, err := residentBytes(s.Pid())
	if err != nil {
		return r, err
	}
	quit := make(chan struct{})
	probe, most := make(chan *pauses, 1), make(chan memoryPeak, 1)
	go func() { probe <- probePing(s, 2*time.Millisecond, quit) }()
	go func() { most <- watchMemory(s, quit) }()
	err = k.misuse(b)
	if err == nil {
		err = b.calmDown()
	}
	if c.name == "granary" && err == nil {
		r.owner, err = firstOwner(b.control)
	}
	held, e := infoInt(s, "memory", "used_memory")
	close(quit)
	p, m := <-probe, <-most
	for _, e := range []error{err, e, p.err, m.err} {
		if e != nil {
			return r, e
		}
	}
	m.used = max(m.used, held)
	r.served, r.used, r.resident = p.served, float64(m.used-used)/mb, float64(m.resident-resident)/mb
	for field, n := range map[string]*int64{"evicted_keys": &r.evicted, "evicted_clients": &r.disconnected} {
		if *n, err = infoInt(s, "stats", field); err != nil {
			return r, err
		}
	}
	over, err := infoField(s, "stats", "client_output_buffer_limit_disconnections")
	if err != nil {
		return r, err
	}
	if n, err := strconv.ParseInt(over, 10, 64); err == nil { // redis counts them since 7.4
		r.disconnected += n
	} else if r.disconnected == 0 {
		r.disconnected = gone(b.conns)
	}
	if err := r.slow.look(b.control); err != nil {
		return r, err
	}
	for _, conn := range b.conns {
		conn.Close()
	}
	if k.values > 0 {
		for i := range b.conns {
			if err := b.do("UNLINK", fmt.Sprint("big:", i)); err != nil {
				return r, err
			}
		}
	}
	began := time.Now()
	for {
		n, err := infoInt(s, "memory", "used_memory")
		if err != nil {
			return r, err
		}
		rss, err := residentBytes(s.Pid())
		if err != nil {
			return r, err
		}
		r.usedAfter, r.rssAfter, r.took = float64(n-used)/mb, float64(rss-resident)/mb, time.Since(began)
		if r.usedAfter < 1 && r.rssAfter < 10 || r.took > 10*time.Second {
			return r, nil
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// calmDown waits until the server has done what it was asked for, and what happens by itself: limits, and peers that were told
// to go.
func (b *bufferRun) calmDown() error {
	for last, tries := int64(0), 0; tries < 60; tries++ {
		if err := b.do("PING"); err != nil {
			return err
		}
		n, err := residentBytes(b.s.Pid())
		if err != nil || tries > 0 && n < last+2*mb {
			return err
		}
		last = n
		time.Sleep(time.Second)
	}
	return nil
}

// gone counts the connections that the server has closed: what it had sent can be read, and then they end.
func gone(conns []net.Conn) (n int64) {
	buf := make([]byte, mb)
	for _, c := range conns {
		for {
			c.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
			if _, err := c.Read(buf); err != nil {
				if e, ok := err.(net.Error); !ok || !e.Timeout() {
					n++
				}
				break
			}
		}
	}
	return n
}

// memoryPeak is the most memory that was seen.
type memoryPeak struct {
	used, resident int64
	err            error
}

// watchMemory looks every 20 ms, if the server answers: it may be busy for many seconds.
func watchMemory(s *live.Server, quit chan struct{}) (m memoryPeak) {
	c, err := s.Dial()
	if err != nil {
		return memoryPeak{err: err}
	}
	defer c.Close()
	c.Timeout = 5 * time.Minute
	used := make(chan int64, 1)
	for asked := false; ; {
		select {
		case <-quit:
			return m
		case n := <-used:
			m.used = max(m.used, n)
			asked = false
		case <-time.After(20 * time.Millisecond):
		}
		rss, err := residentBytes(s.Pid())
		if err != nil {
			return memoryPeak{err: err}
		}
		m.resident = max(m.resident, rss)
		if !asked {
			asked = true
			go func() {
				r, err := c.Do("INFO", "memory")
				_, rest, _ := strings.Cut(r.Str, "\nused_memory:")
				v, _, _ := strings.Cut(rest, "\r")
				n, _ := strconv.ParseInt(v, 10, 64)
				if err == nil {
					used <- n
				}
			}()
		}
	}
}

// firstOwner returns whom MEMORY OWNERS names first.
func firstOwner(c *live.Conn) (string, error) {
	r, err := c.Do("MEMORY", "OWNERS", "COUNT", "1")
	if err != nil {
		return "", err
	}
	if r.Kind == '-' || len(r.Elems) < 6 || len(r.Elems[5].Elems) == 0 {
		return "", fmt.Errorf("MEMORY OWNERS answered %s", r)
	}
	m := map[string]string{}
	for e := r.Elems[5].Elems[0].Elems; len(e) > 1; e = e[2:] {
		m[e[0].Str] = e[1].Str
	}
	n, err := strconv.ParseFloat(m["bytes"], 64)
	return fmt.Sprintf("%s client, %s: %.1f MB", m["class"], m["kind"], n/mb), err
}

// idleClients is how many clients are connected for the second table.
const idleClients = 10_000

// measureIdleClients looks at what very many clients take: silent ones, and such that once sent and were sent 64 KB.
func measureIdleClients(o *options, all []contender) (string, error) {
	n := min(o.scaled(idleClients), idleClients)
	var b strings.Builder
	fmt.Fprintf(&b, "\nBytes per client with %d clients: used_memory, and resident memory in brackets. Kept is what remains of all of them, in MB, when they "+
		"have gone, after ten seconds. OWNERS is the shortest MEMORY OWNERS of five meanwhile, in milliseconds by the slow log.\n\n"+
		"| server | connected | after a PING each | silent for 15 s | after 64 KB each in and out | silent for 15 s | kept | OWNERS |\n|---|---|---|---|---|---|---|---|\n", n)
	for _, c := range all {
		line, err := idleClientsOf(c, n)
		if err != nil {
			return "", fmt.Errorf("idle clients, %s: %w", c.name, err)
		}
		fmt.Print(line)
		b.WriteString(line)
	}
	return b.String(), nil
}

func idleClientsOf(c contender, n int) (string, error) {
	s, err := live.Start(c.name, c.path, "--maxclients", strconv.Itoa(n+100), "--slowlog-log-slower-than", "0")
	if err != nil {
		return "", err
	}
	defer s.Stop()
	if err := do(s, "SET", "key", strings.Repeat("v", 15_000)); err != nil {
		return "", err
	}
	time.Sleep(300 * time.Millisecond)
	look := func() (used, rss float64, err error) {
		u, err := infoInt(s, "memory", "used_memory")
		if err != nil {
			return 0, 0, err
		}
		r, err := residentBytes(s.Pid())
		return float64(u), float64(r), err
	}
	used0, rss0, err := look()
	if err != nil {
		return "", err
	}
	line := "| " + c.name + " |"
	note := func(wait time.Duration) error {
		time.Sleep(wait)
		u, r, err := look()
		line += fmt.Sprintf(" %.0f (%.0f) |", (u-used0)/float64(n), (r-rss0)/float64(n))
		return err
	}
	conns := make([]net.Conn, n)
	defer func() {
		for _, conn := range conns {
			if conn != nil {
				conn.Close()
			}
		}
	}()
	for i := range conns {
		if conns[i], err = net.Dial("tcp", s.Addr); err != nil {
			return "", err
		}
	}
	each := func(replySize int, args ...string) error {
		request, reply := live.AppendCommand(nil, args...), make([]byte, replySize)
		for _, conn := range conns {
			conn.SetDeadline(time.Now().Add(time.Minute))
			if _, err := conn.Write(request); err != nil {
				return err
			}
			if _, err := io.ReadFull(conn, reply); err != nil {
				return err
			}
		}
		return nil
	}
	const silence = 15 * time.Second
	steps := []func() error{
		func() error { return note(0) },
		func() error { return each(len("+PONG\r\n"), "PING") },
		func() error { return note(0) },
		func() error { return note(silence) },
		func() error { return each(len("$65536\r\n")+(64<<10)+2, "ECHO", strings.Repeat("x", 64<<10)) },
		func() error {
			return each(len("*4\r\n")+4*(len("$15000\r\n")+15_000+2), "MGET", "key", "key", "key", "key")
		},
		func() error { return note(0) },
		func() error { return note(silence) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return "", err
		}
	}
	owners := "-"
	if c.name == "granary" {
		if owners, err = shortestOwners(s); err != nil {
			return "", err
		}
	}
	for i, conn := range conns {
		conn.Close()
		conns[i] = nil
	}
	time.Sleep(10 * time.Second)
	u, r, err := look()
	return line + fmt.Sprintf(" %.1f (%.1f) | %s |\n", (u-used0)/mb, (r-rss0)/mb, owners), err
}

// shortestOwners runs MEMORY OWNERS five times.
func shortestOwners(s *live.Server) (string, error) {
	c, err := s.Dial()
	if err != nil {
		return "", err
	}
	defer c.Close()
	least := int64(0)
	for range 5 {
		if _, err := c.Do("MEMORY", "OWNERS"); err != nil {
			return "", err
		}
		r, err := c.Do("SLOWLOG", "GET", "1")
		if err != nil {
			return "", err
		}
		n, err := strconv.ParseInt(r.Elems[0].Elems[2].Str, 10, 64)
		if err != nil {
			return "", err
		}
		if least == 0 || n < least {
			least = n
		}
	}
	return strconv.FormatFloat(float64(least)/1000, 'f', 2, 64), nil
}
