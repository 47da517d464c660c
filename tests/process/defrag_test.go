package process

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"granary/tests/live"
)

// send sends n requests as fast as the server takes them; no reply may be an error.
func send(t *testing.T, s *live.Server, n int, request func(dst []byte, i int) []byte) {
	t.Helper()
	c := dial(t, s)
	c.Timeout = time.Minute
	for from := 0; from < n; {
		var out []byte
		k := from
		for ; k < n && len(out) < 1<<16; k++ {
			out = request(out, k)
		}
		if _, err := c.Write(out); err != nil {
			t.Fatal(err)
		}
		var reply []byte
		for ; from < k; from++ {
			var err error
			if reply, err = c.ReadRaw(reply[:0]); err != nil || reply[0] == '-' {
				t.Fatalf("request %d: %s %v", from, reply, err)
			}
		}
	}
}

// churnSizes are lengths of values, the second time others.
var churnSizes = [2][]int{{10, 40, 100, 300, 900, 2500}, {20, 60, 150, 420, 1300, 4000}}

// churn fills a server to so many bytes with keys of mixed sizes, deletes 60 % at random, fills it up with other sizes, and
// deletes half.
func churn(t *testing.T, s *live.Server, r *rand.Rand, bytes int64) {
	t.Helper()
	var keys []int
	next := 0
	body := strings.Repeat("0123456789", 500)
	set := func(dst []byte, key int, sizes []int) []byte {
		k := "key:" + strconv.Itoa(key)
		if key%200 == 0 { // a large value of every type
			words := []string{[]string{"HSET", "SADD", "ZADD", "RPUSH"}[key/200%4], k}
			for i := range 600 {
				switch words[0] {
				case "HSET":
					words = append(words, "field:"+strconv.Itoa(i), body[:r.IntN(60)])
				case "ZADD":
					words = append(words, strconv.Itoa(r.IntN(1000)), "member:"+strconv.Itoa(i))
				default:
					words = append(words, fmt.Sprintf("element:%d:%s", i, body[:r.IntN(60)]))
				}
			}
			return live.AppendCommand(dst, words...)
		}
		n := sizes[r.IntN(len(sizes))]
		return live.AppendCommand(dst, "SET", k, body[:n-r.IntN(n/5)])
	}
	drop := func(share float64) {
		var gone []int
		kept := keys[:0]
		for _, k := range keys {
			if r.Float64() < share {
				gone = append(gone, k)
			} else {
				kept = append(kept, k)
			}
		}
		keys = kept
		r.Shuffle(len(gone), func(i, j int) { gone[i], gone[j] = gone[j], gone[i] })
		send(t, s, len(gone), func(dst []byte, i int) []byte { return live.AppendCommand(dst, "DEL", "key:"+strconv.Itoa(gone[i])) })
	}
	for _, sizes := range churnSizes {
		for infoNumber(t, s, "memory", "used_memory") < bytes {
			send(t, s, 5000, func(dst []byte, _ int) []byte {
				key := next
				next++
				keys = append(keys, key)
				return set(dst, key, sizes)
			})
		}
		drop(0.6)
	}
}

func infoNumber(t *testing.T, s *live.Server, section, field string) int64 {
	t.Helper()
	c := dial(t, s)
	defer c.Close()
	n, err := strconv.ParseInt(infoLine(t, c, section, field), 10, 64)
	if err != nil {
		t.Fatalf("INFO %s: %s: %v", section, field, err)
	}
	return n
}

func infoLine(t *testing.T, c *live.Conn, section, field string) string {
	t.Helper()
	r, err := c.Do("INFO", section)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.SplitSeq(r.Str, "\r\n") {
		if v, ok := strings.CutPrefix(line, field+":"); ok {
			return v
		}
	}
	t.Fatalf("INFO %s has no %s", section, field)
	return ""
}

// digest is DEBUG DIGEST.
func digest(t *testing.T, c *live.Conn) string {
	t.Helper()
	r, err := c.Do("DEBUG", "DIGEST")
	if err != nil || r.Kind == '-' {
		t.Fatalf("DEBUG DIGEST: %s %v", r.Str, err)
	}
	return r.Str
}

// mapField reads a number from a reply that is a map.
func mapField(t *testing.T, r live.Reply, name string) int64 {
	t.Helper()
	for i := 0; i+1 < len(r.Elems); i += 2 {
		if r.Elems[i].Str == name {
			n, err := strconv.ParseInt(r.Elems[i+1].Str, 10, 64)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			return n
		}
	}
	t.Fatalf("the reply has no %s: %v", name, r)
	return 0
}

// settled checks what compaction has to leave: a hundredth of what is in use could be freed by more of it, the data is what it
// was, and the books are right.
func settled(t *testing.T, s *live.Server, before string) {
	t.Helper()
	c := dial(t, s)
	defer c.Close()
	c.Timeout = time.Minute
	allocated, active := infoNumber(t, s, "memory", "allocator_allocated"), infoNumber(t, s, "memory", "allocator_active")
	if left := infoNumber(t, s, "memory", "mem_reclaimable"); left > max(allocated/100, 1<<20) {
		t.Errorf("%d of %d bytes could still be freed", left, allocated)
	}
	if float64(active) > 1.03*float64(allocated) {
		t.Errorf("%d bytes are in use, %d are active: %.3f", allocated, active, float64(active)/float64(allocated))
	}
	if after := digest(t, c); after != before {
		t.Errorf("the digest of the data was %s and is %s", before, after)
	}
	r, err := c.Do("MEMORY", "AUDIT")
	if err != nil {
		t.Fatal(err)
	}
	if n := mapField(t, r, "difference"); n != 0 {
		t.Errorf("MEMORY AUDIT: %d bytes of difference", n)
	}
}

// TestDefrag churns 100 MB, and lets the server compact what is left, with the directives as they are by default but for the
// bytes that are worth it, while another client reads.
func TestDefrag(t *testing.T) {
	s := start(t, "--active-defrag-ignore-bytes", "1mb", "--activedefrag", "no", "--latency-monitor-threshold", "1")
	churn(t, s, rand.New(rand.NewPCG(live.Seed(t), 1)), 100<<20)
	c := dial(t, s)
	c.Timeout = time.Minute
	before := digest(t, c)
	if gain, used := infoNumber(t, s, "memory", "mem_reclaimable"), infoNumber(t, s, "memory", "used_memory"); gain < used/3 {
		t.Fatalf("%d of %d bytes could be freed: the data is not sparse", gain, used)
	}
	rss := infoNumber(t, s, "memory", "used_memory_rss")
	if r, err := c.Do("CONFIG", "SET", "activedefrag", "yes"); err != nil || r.Str != "OK" {
		t.Fatalf("%s %v", r.Str, err)
	}
	deadline := time.Now().Add(time.Minute)
	began := false
	for i := 0; ; i++ {
		running := infoNumber(t, s, "memory", "active_defrag_running")
		if began && running == 0 {
			break
		}
		began = began || running > 0 || infoNumber(t, s, "stats", "active_defrag_hits") > 0
		if time.Now().After(deadline) {
			t.Fatalf("began: %v, running: %d", began, running)
		}
		if r, err := c.Do("GET", "key:"+strconv.Itoa(i)); err != nil || r.Kind == '-' && !strings.HasPrefix(r.Str, "WRONGTYPE") {
			t.Fatalf("%s %v", r.Str, err)
		}
		time.Sleep(time.Millisecond)
	}
	settled(t, s, before)
	for _, field := range []string{
		"active_defrag_hits", "active_defrag_misses", "active_defrag_key_hits", "active_defrag_key_misses",
		"total_active_defrag_time",
	} {
		if infoNumber(t, s, "stats", field) <= 0 {
			t.Errorf("%s is 0", field)
		}
	}
	for infoNumber(t, s, "memory", "used_memory_rss") > rss*3/4 { // pages follow a second later
		if time.Now().After(deadline) {
			t.Fatalf("resident were %d bytes, and are %d", rss, infoNumber(t, s, "memory", "used_memory_rss"))
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// TestRelease churns 60 MB and has MEMORY RELEASE give back what is not needed, in slices: a client that sends PING meanwhile
// is answered many times.
func TestRelease(t *testing.T) {
	s := start(t, "--activedefrag", "no")
	churn(t, s, rand.New(rand.NewPCG(live.Seed(t), 2)), 60<<20)
	c, other := dial(t, s), dial(t, s)
	c.Timeout = time.Minute
	before := digest(t, c)

	// A little: no more than was asked for, but for what came with it.
	r, err := c.Do("MEMORY", "RELEASE", "4194304", "30000")
	if err != nil || r.Kind == '-' {
		t.Fatalf("%s %v", r.Str, err)
	}
	if mapField(t, r, "released") < 4<<20 || !bytes.Contains([]byte(fmt.Sprint(r)), []byte("enough")) {
		t.Errorf("%v", r)
	}

	turns := infoNumber(t, s, "stats", "active_defrag_hits")
	pings, quit, done := 0, make(chan struct{}), make(chan error)
	go func() {
		for {
			select {
			case <-quit:
				done <- nil
				return
			default:
			}
			if _, err := other.Do("PING"); err != nil {
				done <- err
				return
			}
			pings++
		}
	}()
	r, err = c.Do("MEMORY", "RELEASE", "0", "60000")
	close(quit)
	if e := <-done; e != nil {
		t.Fatal(e)
	}
	if err != nil || r.Kind == '-' {
		t.Fatalf("%s %v", r.Str, err)
	}
	if !bytes.Contains([]byte(fmt.Sprint(r)), []byte("nothing left")) || mapField(t, r, "rss.after") >= mapField(t, r, "rss.before") {
		t.Errorf("%v", r)
	}
	moved := infoNumber(t, s, "stats", "active_defrag_hits") - turns
	if pings < 20 {
		t.Errorf("%d PINGs were answered while %d regions moved", pings, moved)
	}
	settled(t, s, before)

	// The client may go away, or be unblocked, and the work with it.
	if _, err := other.Write(live.AppendCommand(nil, "MEMORY", "RELEASE", "0", "60000")); err != nil {
		t.Fatal(err)
	}
	other.Close()
	settled(t, s, before)
}
