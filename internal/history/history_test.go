package history

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const t0 = 1_800_000_000_000 // a Unix time in ms, on a minute

// recorder opens a recorder whose log goes to the returned slice.
func recorder(t testing.TB, path string, lines int, pages [2]int, now int64) (*Recorder, *[]string) {
	t.Helper()
	var log []string
	say := func(format string, args ...any) { log = append(log, fmt.Sprintf(format, args...)) }
	r := Open(Options{Lines: names(lines), Used: 0, Path: path, Pages: pages, Warn: say, Notice: say, PID: 77, noSync: true}, now)
	t.Cleanup(func() { end(r, now) })
	return r, &log
}

// end ends a recorder, if that was not done before.
func end(r *Recorder, now int64) {
	if r.rings[0].first > r.rings[0].last {
		return
	}
	r.Finish(now)
	r.Free()
	if n := r.arena.Used(); n != 0 {
		panic(fmt.Sprint(n, " bytes are in use at the end"))
	}
}

func names(n int) []string {
	list := []string{"used_memory"}
	for i := 1; i < n; i++ {
		list = append(list, fmt.Sprintf("data.line%d", i))
	}
	return list
}

// settled waits until the writer has written everything.
func settled(t testing.TB, r *Recorder) {
	t.Helper()
	for limit := time.Now().Add(10 * time.Second); ; {
		r.signal()
		r.mu.Lock()
		done := true
		for i := range r.rings {
			if seq, _ := r.rings[i].unwritten(); seq != 0 {
				done = false
			}
		}
		r.mu.Unlock()
		if done {
			return
		}
		if time.Now().After(limit) {
			t.Fatal("the writer does not write")
		}
		time.Sleep(time.Millisecond)
	}
}

// kept is a record that outlives the walk.
type kept struct {
	Record
	moved []int64
}

func collect(s Source, q Query) (list []kept) {
	s.Each(q, func(rec *Record) {
		k := kept{Record: *rec}
		k.Values, k.Low, k.High = slices.Clone(rec.Values), slices.Clone(rec.Low), slices.Clone(rec.High)
		for i := range rec.Values {
			k.moved = append(k.moved, rec.Moved(i))
		}
		k.Prev = nil
		list = append(list, k)
	})
	return list
}

func samples(list []kept) (out []kept) {
	for _, k := range list {
		if k.Kind == KindSample {
			out = append(out, k)
		}
	}
	return out
}

// walk makes a sample out of the one before.
func walk(rng *rand.Rand, v []int64) {
	for i := range v {
		switch rng.IntN(4) {
		case 0:
			v[i] += rng.Int64N(1<<rng.IntN(34)+1) - rng.Int64N(1<<rng.IntN(34)+1)
			v[i] = max(v[i], 0)
		case 1:
			v[i] += int64(rng.IntN(100))
		}
	}
}

// TestModel records a random history and compares what is read, from memory and from the file, with what was told.
func TestModel(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	path := filepath.Join(t.TempDir(), "h")
	r, _ := recorder(t, path, 20, [2]int{}, t0)
	v := make([]int64, 20)
	var told [][]int64
	for i := range 2000 {
		walk(rng, v)
		told = append(told, slices.Clone(v))
		if i%3 == 0 {
			r.Accounts.Note(5<<20, "set", Client{ID: int64(i), Addr: "1.2.3.4:5"}, []byte("user"), []byte("user:1"))
		}
		r.Sample(t0+int64(i)*1000, v)
	}
	settled(t, r)
	saved, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]Source{"memory": r, "file": saved} {
		got := samples(collect(s, Query{Ring: RingSeconds}))
		if len(got) != len(told) {
			t.Fatalf("%s: %d samples, told %d", name, len(got), len(told))
		}
		for i, k := range got {
			if k.Time != t0+int64(i)*1000 {
				t.Fatalf("%s: sample %d is of %d", name, i, k.Time)
			}
			for j := range k.Values {
				if d := told[i][j] - k.Values[j]; d < 0 || d >= k.Precision {
					t.Fatalf("%s: sample %d line %d: told %d, read %d with precision %d", name, i, j, told[i][j], k.Values[j], k.Precision)
				}
			}
		}
		for m, k := range samples(collect(s, Query{Ring: RingMinutes})) {
			of := told[m*60 : min(m*60+60, len(told))]
			for j := range k.Values {
				low, high := of[0][j], of[0][j]
				for _, x := range of {
					low, high = min(low, x[j]), max(high, x[j])
				}
				last := of[len(of)-1][j]
				if d := last - k.Values[j]; d < 0 || d >= k.Precision {
					t.Fatalf("%s: minute %d line %d ends at %d, told %d", name, m, j, k.Values[j], last)
				}
				if k.High[j] < high || k.Low[j] > low {
					t.Fatalf("%s: minute %d line %d: %d..%d, told %d..%d", name, m, j, k.Low[j], k.High[j], low, high)
				}
			}
		}
	}
}

// TestPromise moves all of many lines all the time, more than a record has room for: an hour is kept all the same.
func TestPromise(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	const lines = 90
	r, _ := recorder(t, "", lines, [2]int{}, t0)
	v := make([]int64, lines)
	for i := range 2 * Seconds {
		for j := range v {
			v[j] = rng.Int64N(1 << 42)
		}
		r.Accounts.Note(5<<20, fmt.Sprint("command", i), Client{ID: int64(i), Addr: fmt.Sprint("1.2.3.4:", i)}, fmt.Append(nil, "prefix", i), nil)
		r.Sample(t0+int64(i)*1000, v)
	}
	if n := r.Span(RingSeconds).Records; n < Seconds {
		t.Errorf("%d seconds are kept", n)
	}
	last := samples(collect(r, Query{Ring: RingSeconds, Count: 1}))[0]
	for j := range v {
		if d := v[j] - last.Values[j]; d < 0 || d >= last.Precision {
			t.Errorf("line %d: told %d, read %d with precision %d", j, v[j], last.Values[j], last.Precision)
		}
	}
	if last.Precision == 1 {
		t.Error("nothing was rounded: the test tests nothing")
	}
}

// TestMonth does the same for minutes, in both rings' memory.
func TestMonth(t *testing.T) {
	var g ring
	g.init(RingMinutes, 60, minutesPages, nil)
	rng := rand.New(rand.NewPCG(5, 6))
	v, low, high := make([]int64, 60), make([]int64, 60), make([]int64, 60)
	for i := range Minutes + 5000 {
		for j := range v {
			v[j] = rng.Int64N(1 << 40)
			low[j], high[j] = v[j]-rng.Int64N(1<<30), v[j]+rng.Int64N(1<<30)
		}
		if !g.append(&Record{Kind: KindSample, Time: t0 + int64(i)*minute, Values: v, Low: low, High: high}) {
			t.Fatal("a record is not taken")
		}
	}
	if sp := g.span(); sp.Records < Minutes || sp.Bytes > minutesPages*pageSize {
		t.Errorf("%d minutes in %d bytes", sp.Records, sp.Bytes)
	}
}

// TestSizes prints what a record takes, for the documentation.
func TestSizes(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for _, c := range []struct {
		name   string
		moving int
		by     int64
	}{{"idle", 6, 5000}, {"busy", 30, 1 << 20}} {
		r, _ := recorder(t, "", 60, [2]int{}, t0)
		v := make([]int64, 60)
		for j := range v {
			v[j] = rng.Int64N(1 << 33)
		}
		const n = 2 * Seconds
		for i := range n {
			for j := range c.moving {
				v[j] += rng.Int64N(c.by) - c.by/3
			}
			r.Sample(t0+int64(i)*1000, v)
		}
		for _, ring := range []Ring{RingSeconds, RingMinutes} {
			sp := r.Span(ring)
			t.Logf("%s %s: %d records, %d bytes, %d a record", c.name, ring, sp.Records, sp.Bytes, sp.Bytes/int64(sp.Records))
			r.Each(Query{Ring: ring}, func(rec *Record) {
				if rec.Kind == KindSample && rec.Precision > 256 {
					t.Fatalf("%s %s: a record is rounded to %d", c.name, ring, rec.Precision)
				}
			})
		}
	}
}

func TestQuery(t *testing.T) {
	r, _ := recorder(t, "", 3, [2]int{}, t0)
	for i := range 3000 {
		if i%500 == 250 {
			r.Accounts.Note(9<<20, "rpush", Client{}, nil, nil)
		}
		r.Sample(t0+int64(i)*1000, []int64{int64(i/500) << 22, int64(i), 7})
	}
	check := func(q Query, n int, first, last int64) {
		t.Helper()
		got := collect(r, q)
		if len(got) != n {
			t.Errorf("%+v: %d records, want %d", q, len(got), n)
			return
		}
		if n > 0 && (got[0].Time != t0+first*1000 || got[n-1].Time != t0+last*1000) {
			t.Errorf("%+v: %d to %d, want %d to %d", q, (got[0].Time-t0)/1000, (got[n-1].Time-t0)/1000, first, last)
		}
	}
	check(Query{}, 3001, 0, 2999) // with the start
	check(Query{Count: 10}, 10, 2990, 2999)
	check(Query{From: t0 + 100_000, To: t0 + 200_000}, 101, 100, 200)
	check(Query{From: t0 + 100_000, To: t0 + 200_000, Count: 5}, 5, 196, 200)
	check(Query{From: t0 + 2_990_000}, 10, 2990, 2999)
	check(Query{To: t0 + 9000}, 11, 0, 9)
	check(Query{From: t0 + 99_999_000}, 0, 0, 0)
	check(Query{To: 5}, 0, 0, 0)
	check(Query{Jumps: true}, 6, 0, 2500) // with the start
	check(Query{Jumps: true, Count: 2}, 2, 2000, 2500)
	for _, k := range samples(collect(r, Query{Jumps: true, Count: 3})) {
		if k.moved[0] != 1<<22 {
			t.Errorf("moved by %d", k.moved[0])
		}
	}
	for _, k := range samples(collect(r, Query{Count: 500}))[1:] {
		if k.moved[1] != 1 {
			t.Fatalf("line 1 moved by %d at %d", k.moved[1], k.Time)
		}
	}
}

func TestJump(t *testing.T) {
	r, _ := recorder(t, "", 3, [2]int{}, t0)
	r.Sample(t0, []int64{1 << 20, 5, 0})
	r.Accounts.Note(4<<20, "set", Client{ID: 17, Name: "app", Addr: "10.0.0.3:99", User: "bob"}, []byte("user"), []byte("user:1"))
	r.Accounts.Note(1<<20, "hset", Client{ID: 18, Addr: "10.0.0.4:99", User: "default"}, []byte("cart"), []byte("cart:1"))
	r.Accounts.Note(-3<<20, "del", Client{ID: 19}, []byte("old"), []byte("old:1"))
	r.Sample(t0+1000, []int64{6 << 20, 5, 5 << 20})
	r.Accounts.Note(-5<<20, "flushall", Client{ID: 20, Addr: "10.0.0.5:1"}, nil, nil)
	r.Sample(t0+2000, []int64{1 << 20, 6 << 20, 0}) // a line that grew more than memory in use shrank
	r.Sample(t0+3000, []int64{1<<20 + MinJump - 1, 6 << 20, 0})
	jumps := samples(collect(r, Query{Jumps: true}))
	if len(jumps) != 2 {
		t.Fatalf("%d jumps", len(jumps))
	}
	up, down := jumps[0], jumps[1]
	c := up.Causes
	if c.Freed || c.Total != 5<<20 || len(c.Commands) != 2 || c.Commands[0] != (Cause{Name: "set", Bytes: 4 << 20}) ||
		c.Clients[0] != (Cause{Name: "app", ID: 17, Addr: "10.0.0.3:99", User: "bob", Bytes: 4 << 20}) ||
		c.Prefixes[0] != (Cause{Name: "user", Bytes: 4 << 20}) || c.Largest != (Single{"set", 17, "user:1", 4 << 20}) {
		t.Errorf("up: %+v", c)
	}
	if got, want := c.String(), "added by set 80%, client 17 (app 10.0.0.3:99 bob) 80%, prefix user 80%"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if c := down.Causes; !c.Freed || c.Commands[0].Name != "flushall" || c.Clients[0].ID != 20 {
		t.Errorf("down: %+v", c)
	}
	if p := r.Peaks(RingSeconds)[2]; p.Value != 5<<20 || p.Time != t0+1000 || !strings.Contains(p.Cause, "set") {
		t.Errorf("peak: %+v", p)
	}
	var b bytes.Buffer
	Summary(&b, r, "")
	for _, want := range []string{"used_memory", "6.00M", "client 17 (app", "start of process 77", "+5.00M used_memory"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the summary has no %q:\n%s", want, &b)
		}
	}
}

// TestAccounts compares the tables with exact sums, and the error with its bound.
func TestAccounts(t *testing.T) {
	rng := rand.New(rand.NewPCG(13, 14))
	zipf := rand.NewZipf(rng, 1.3, 1, 9999)
	var a, month Accounts
	exact, total := map[string]int64{}, int64(0)
	for range 50 {
		for range 2000 {
			name := fmt.Sprint("p", zipf.Uint64())
			n := 4096 + rng.Int64N(4096)
			exact[name] += n
			total += n
			a.Note(n, "set", Client{ID: 1}, []byte(name), nil)
		}
		month.merge(&a)
		a.reset()
	}
	c := month.causes(1, 1)
	if c.Total != total || c.Commands[0].Bytes != total || c.Commands[0].Error != 0 {
		t.Errorf("total %d, want %d: %+v", c.Total, total, c.Commands)
	}
	for i, x := range c.Prefixes {
		if want := exact[x.Name]; x.Bytes < want || x.Bytes-x.Error > want || x.Error > total/accountRows*2 {
			t.Errorf("%s: %d with error %d, is %d of %d", x.Name, x.Bytes, x.Error, want, total)
		}
		if i == 0 && x.Name != "p0" {
			t.Errorf("first is %s", x.Name)
		}
	}
}

func TestStall(t *testing.T) {
	mono := int64(1)
	// A recorder that has not begun has no writer, which would look at the clock too.
	r := New(Options{Lines: names(2), nowMono: func() int64 { return mono }})
	defer r.Free()
	r.Sample(t0, []int64{1, 2})
	r.stalled() // sets the pauses
	name := "sunionstore"
	r.Doing(&name, 9)
	told := 0
	for ; mono < int64(20*time.Second); mono += int64(500 * time.Millisecond) {
		if r.stalled() {
			told++
		}
	}
	if told < 4 || told > 10 {
		t.Errorf("told of %d times", told)
	}
	var text string
	r.Each(Query{Jumps: true, Count: 1}, func(rec *Record) { text = Describe(rec, r.Lines()) })
	if !strings.HasPrefix(text, "stall: sunionstore of client 9 runs for ") || strings.Contains(text, "resident 0B") {
		t.Error(text)
	}
}

func TestHuman(t *testing.T) {
	for n, want := range map[int64]string{0: "0B", 1023: "1023B", 1024: "1.00K", -5 << 20: "-5.00M", 12345678: "11.8M", 1 << 40: "1.00T", 700 << 30: "700G", -1 << 63: "-8192P"} {
		if got := Human(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}

// FuzzDecode reads arbitrary files, and pages whose checksums are made right so that what is behind them is reached.
func FuzzDecode(f *testing.F) {
	path := filepath.Join(f.TempDir(), "h")
	r, _ := recorder(f, path, 4, [2]int{2, 2}, t0)
	for i := range 50 {
		if i == 20 {
			r.Accounts.Note(4<<20, "set", Client{ID: 3, Addr: "a:1", Name: "n"}, []byte("p"), []byte("p:1"))
		}
		r.Sample(t0+int64(i)*9000, []int64{int64(i/20) << 23, 1, int64(i) << 40, 3})
	}
	settled(f, r)
	image, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(image)
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, err := Decode(bytes.NewReader(b)); err == nil {
			for _, ring := range []Ring{RingSeconds, RingMinutes} {
				var w bytes.Buffer
				Table(&w, s, Query{Ring: ring}, []int{0}[:min(1, len(s.Lines()))])
				if err := JSON(&w, s, Query{Ring: ring}, nil); err != nil {
					t.Fatal(err)
				}
			}
			Summary(&bytes.Buffer{}, s, "x")
		}
	})
}

// FuzzRecord reads arbitrary bodies whose checksums are right.
func FuzzRecord(f *testing.F) {
	r, _ := recorder(f, "", 4, [2]int{}, t0)
	for i := range 50 {
		if i == 20 {
			r.Accounts.Note(4<<20, "set", Client{ID: 3, Addr: "a:1", Name: "n"}, []byte("p"), []byte("p:1"))
		}
		r.Sample(t0+int64(i)*9000, []int64{int64(i/20) << 23, 1, int64(i) << 40, 3})
	}
	for i := range r.rings {
		var (
			s   state
			rec Record
		)
		s.open(r.rings[i].slot(1).buf, 4)
		for at := pageHead; s.next(&rec); at = s.off {
			f.Add(slices.Clone(s.page[at+recordHead : s.off]))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		page := make([]byte, pageSize)
		format(page, RingMinutes, 4, 1, t0)
		n := min(len(b), 1000)
		if n == 0 {
			return
		}
		at := pageHead
		for range 2 {
			copy(page[at+recordHead:], b[:n])
			page[at], page[at+1] = byte(n), byte(n>>8)
			c := sum(page, at, page[at+recordHead:at+recordHead+n])
			page[at+2], page[at+3], page[at+4], page[at+5] = byte(c), byte(c>>8), byte(c>>16), byte(c>>24)
			at += recordHead + n
		}
		var (
			s   state
			rec Record
		)
		s.open(page, 4)
		for s.next(&rec) {
			Describe(&rec, names(4))
		}
	})
}

// TestAllocs pins what a sample costs: nothing, unless there is a jump.
func TestAllocs(t *testing.T) {
	r, _ := recorder(t, filepath.Join(t.TempDir(), "h"), 60, [2]int{}, t0)
	v := make([]int64, 60)
	now := int64(t0)
	if n := testing.AllocsPerRun(500, func() {
		now += 1000
		for i := range v {
			v[i] += int64(i * 100)
		}
		r.Accounts.Note(9000, "set", Client{ID: 5, Addr: "a"}, []byte("user"), []byte("user:1"))
		r.Sample(now, v)
	}); n > 1 {
		t.Errorf("%v allocations a sample", n)
	}
}

func BenchmarkSample(b *testing.B) {
	r, _ := recorder(b, "", 60, [2]int{}, t0)
	v := make([]int64, 60)
	now := int64(t0)
	b.ReportAllocs()
	for b.Loop() {
		now += 1000
		for i := range v {
			v[i] += int64(i * 100)
		}
		r.Sample(now, v)
	}
}

func BenchmarkNote(b *testing.B) {
	var a Accounts
	keys := make([][]byte, 1000)
	for i := range keys {
		keys[i] = fmt.Append(nil, "user", i)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		a.Note(5000, "set", Client{ID: int64(i % 100), Addr: "a"}, keys[i%1000], keys[i%1000])
		i++
	}
}
