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

	"granary/internal/mem"
)

// TestRestart goes through ends of all kinds.
func TestRestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "h")
	sample := func(r *Recorder, from, n int) {
		for i := from; i < from+n; i++ {
			r.Sample(t0+int64(i)*1000, []int64{int64(i), 1, 2})
		}
	}
	r, _ := recorder(t, path, 3, [2]int{}, t0)
	sample(r, 0, 90)
	end(r, t0+90_000)

	r, _ = recorder(t, path, 3, [2]int{}, t0+100_000)
	if p := r.Previous(); !p.Known || !p.Clean || p.Time != t0+90_000 {
		t.Errorf("previous: %+v", p)
	}
	sample(r, 100, 50)
	settled(t, r)
	image, err := os.ReadFile(path) // what a kill leaves
	if err != nil {
		t.Fatal(err)
	}
	end(r, t0+150_000)
	if err := os.WriteFile(path, image, 0o600); err != nil {
		t.Fatal(err)
	}
	r, _ = recorder(t, path, 3, [2]int{}, t0+160_000)
	if p := r.Previous(); !p.Known || p.Clean || p.Time != t0+149_000 {
		t.Errorf("previous: %+v", p)
	}
	got := collect(r, Query{})
	var kinds []string
	for _, k := range got {
		if k.Kind != KindSample {
			kinds = append(kinds, fmt.Sprintf("%s %d %v", k.Kind, (k.Time-t0)/1000, k.Unclean))
		}
	}
	want := []string{"start 0 false", "end 90 false", "start 100 false", "start 160 true"}
	if !slices.Equal(kinds, want) {
		t.Errorf("got %q, want %q", kinds, want)
	}
	if n := len(samples(got)); n != 140 {
		t.Errorf("%d samples", n)
	}
	// The minute that was cut off is made of its seconds.
	var ends []int64
	for _, k := range samples(collect(r, Query{Ring: RingMinutes})) {
		ends = append(ends, k.Values[0])
	}
	if want := []int64{59, 89, 119, 149}; !slices.Equal(ends, want) {
		t.Errorf("minutes end with %v, want %v", ends, want)
	}
	// Restarts take a record each and no page.
	if r.rings[0].last != 1 {
		t.Errorf("%d pages after two restarts", r.rings[0].last)
	}
}

func TestClockBack(t *testing.T) {
	r, _ := recorder(t, "", 2, [2]int{}, t0)
	r.Sample(t0+3_600_000, []int64{1, 1})
	r.Sample(t0+3_601_000, []int64{2, 1})
	r.Sample(t0, []int64{3, 1}) // an hour back
	r.Sample(t0+1000, []int64{4, 1})
	var times []int64
	for _, k := range samples(collect(r, Query{})) {
		times = append(times, (k.Time-t0)/1000)
	}
	if want := []int64{3600, 3601, 0, 1}; !slices.Equal(times, want) {
		t.Errorf("times %v", times)
	}
	if n := len(samples(collect(r, Query{From: t0 + 3_600_000}))); n != 2 {
		t.Errorf("%d samples of before", n)
	}
	r.Sample(t0+61_000, []int64{5, 1})
	if n := len(samples(collect(r, Query{Ring: RingMinutes}))); n != 2 {
		t.Errorf("%d minutes", n)
	}
}

// TestWrap fills small rings many times over, and reads the file at every stage.
func TestWrap(t *testing.T) {
	path := filepath.Join(t.TempDir(), "h")
	rng := rand.New(rand.NewPCG(9, 10))
	r, _ := recorder(t, path, 30, [2]int{4, 3}, t0)
	v := make([]int64, 30)
	for i := range 12_000 {
		walk(rng, v)
		r.Sample(t0+int64(i)*1000, v)
		if i%2000 == 1999 {
			settled(t, r)
			s, err := Load(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, ring := range []Ring{RingSeconds, RingMinutes} {
				a, b := collect(r, Query{Ring: ring}), collect(s, Query{Ring: ring})
				if len(a) == 0 || len(b) < len(a) || !slices.EqualFunc(a, b[len(b)-len(a):], func(x, y kept) bool {
					return x.Time == y.Time && slices.Equal(x.Values, y.Values)
				}) {
					t.Fatalf("%s at %d: %d records in memory, %d in the file", ring, i, len(a), len(b))
				}
			}
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Size() > 8*pageSize {
		t.Errorf("the file has %d bytes: %v", info.Size(), err)
	}
	peaksFound(t, r)
}

// peaksFound waits until the peaks of the seconds are those of the samples that there are: those that were dropped are found
// anew, here or by the writer, which may be at it.
func peaksFound(t *testing.T, r *Recorder) {
	t.Helper()
	ring := &r.rings[0]
	high := make([]int64, ring.lines)
	for _, k := range samples(collect(r, Query{})) {
		for j := range high {
			high[j] = max(high[j], k.Values[j])
		}
	}
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		r.renew(ring)
		wrong := ""
		for j, p := range r.Peaks(RingSeconds) {
			if p.Value != high[j] {
				wrong += fmt.Sprintf("peak of line %d is %d, want %d; ", j, p.Value, high[j])
			}
		}
		if wrong == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(wrong)
		}
	}
}

// TestPeaksWhileDropping looks for peaks while pages go: what they are found on may be gone when all is looked at.
func TestPeaksWhileDropping(t *testing.T) {
	r, _ := recorder(t, "", 30, [2]int{4, 3}, t0)
	ring := &r.rings[0]
	v := make([]int64, ring.lines)
	at := 0
	dropOne := func() {
		for from := ring.first; ring.first == from; at++ {
			for j := range v {
				v[j] = int64(1_000_000_000 - at*(j+1)) // the oldest is the highest
			}
			r.Sample(t0+int64(at)*1000, v)
		}
	}
	for steps := range 4 {
		dropOne()
		var n *renewal
		for n == nil { // the writer may be faster
			r.mu.Lock()
			ring.peaks.stale = true
			r.mu.Unlock()
			n = r.renewal(ring)
		}
		for range steps {
			n.step()
		}
		dropOne()
		for !n.step() {
		}
		peaksFound(t, r)
	}
}

// TestTorn damages a file everywhere: it is read up to the damage, and nothing that was not told is read.
func TestTorn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "h")
	r, _ := recorder(t, path, 4, [2]int{4, 3}, t0)
	for i := range 300 {
		r.Sample(t0+int64(i)*1000, []int64{int64(i), 1, 2, 3})
	}
	settled(t, r)
	image, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(11, 12))
	for range 300 {
		bad := slices.Clone(image)
		if rng.IntN(2) == 0 {
			bad = bad[:rng.IntN(len(bad))]
		} else {
			at := rng.IntN(len(bad))
			bad[at] ^= byte(1 + rng.IntN(255))
		}
		s, err := Decode(bytes.NewReader(bad))
		if err != nil {
			continue
		}
		for i, k := range samples(collect(s, Query{})) {
			if k.Values[0] != int64(i) || k.Time != t0+int64(i)*1000 {
				t.Fatalf("sample %d is %+v", i, k)
			}
		}
	}
	// A record that was torn is written over.
	tail := int64(r.rings[0].write.off) + r.file.head.offset(RingSeconds, r.rings[0].last)
	bad := slices.Clone(image)
	bad[tail-1] ^= 1
	torn := filepath.Join(t.TempDir(), "torn")
	if err := os.WriteFile(torn, bad, 0o600); err != nil {
		t.Fatal(err)
	}
	r2, log := recorder(t, torn, 4, [2]int{4, 3}, t0+400_000)
	r2.Sample(t0+401_000, []int64{1000, 1, 2, 3})
	settled(t, r2)
	s, err := Load(torn)
	if err != nil {
		t.Fatal(err)
	}
	got := samples(collect(s, Query{}))
	if n := len(got); n != 300 || got[298].Values[0] != 298 || got[299].Values[0] != 1000 {
		t.Errorf("%d samples, the last %+v; log %q", n, got[n-1], *log)
	}
}

func TestUnreadable(t *testing.T) {
	for name, content := range map[string]string{
		"text": strings.Repeat("this is something else\n", 100), "short": "GRAN", "version": fileMagic + "\x09\x00\x00\x00" + strings.Repeat("x", 100),
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, "h")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		r, log := recorder(t, path, 3, [2]int{}, t0)
		r.Sample(t0, []int64{1, 2, 3})
		settled(t, r)
		aside, err := os.ReadFile(path + ".unreadable-1800000000")
		if err != nil || string(aside) != content {
			t.Errorf("%s: the file is not aside: %v", name, err)
		}
		if s, err := Load(path); err != nil || len(samples(collect(s, Query{}))) != 1 {
			t.Errorf("%s: the new file: %v", name, err)
		}
		if len(*log) != 1 || !strings.Contains((*log)[0], "can't be read") {
			t.Errorf("%s: log %q", name, *log)
		}
	}
}

// TestOtherVersion opens a file of other lines and sizes.
func TestOtherVersion(t *testing.T) {
	path := filepath.Join(t.TempDir(), "h")
	old, _ := recorder(t, path, 5, [2]int{90, 600}, t0)
	for i := range 200 {
		old.Accounts.Note(8<<20, "set", Client{ID: 5, Addr: "a:1"}, []byte("p"), []byte("p:1"))
		old.Sample(t0+int64(i)*1000, []int64{int64(i) << 23, 10, 20, 30, 40})
	}
	end(old, t0+200_000)
	say := func(string, ...any) {}
	r := Open(Options{Lines: []string{"used_memory", "data.new", "data.line3"}, Path: path, Warn: say, Notice: say, noSync: true}, t0+300_000)
	defer end(r, t0)
	settled(t, r)
	s, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, src := range []Source{r, s} {
		got := samples(collect(src, Query{}))
		if len(got) != 200 || !slices.Equal(got[199].Values, []int64{199 << 23, 0, 30}) || got[50].Causes == nil || got[50].Causes.Clients[0].ID != 5 {
			t.Errorf("%d samples, the last %+v", len(got), got[len(got)-1])
		}
		if n := len(samples(collect(src, Query{Ring: RingMinutes}))); n != 4 {
			t.Errorf("%d minutes", n)
		}
	}
}

func TestNoFile(t *testing.T) {
	dir := t.TempDir()
	check := func(path, want string) {
		t.Helper()
		r, log := recorder(t, path, 2, [2]int{}, t0)
		r.Sample(t0, []int64{1, 2})
		if len(samples(collect(r, Query{}))) != 1 || r.Path() != "" {
			t.Errorf("%s: nothing is recorded in memory", path)
		}
		if len(*log) != 1 || !strings.Contains((*log)[0], want) {
			t.Errorf("%s: log %q", path, *log)
		}
	}
	check(filepath.Join(dir, "no", "such", "folder"), "can't be kept in a file")
	path := filepath.Join(dir, "h")
	first, _ := recorder(t, path, 2, [2]int{}, t0)
	check(path, "another server writes it")
	if first.Path() != path {
		t.Error("the first has lost its file")
	}
}

// TestFullDisk lets writing fail for a while.
func TestFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "h")
	var mono int64 = 1
	var log []string
	say := func(format string, args ...any) { log = append(log, fmt.Sprintf(format, args...)) }
	r := &Recorder{opt: Options{Lines: names(2), Path: path, Pages: [2]int{4, 4}, Warn: say, Notice: say, noSync: true, nowMono: func() int64 { return mono }}}
	r.arena = mem.NewSharedArena("test")
	for i := range r.rings {
		r.rings[i].init(Ring(i), 2, 4, r.arena)
		r.rings[i].mirrored = true
	}
	r.last = make([]int64, 2)
	m := &r.minute
	m.end, m.low, m.high, m.prev = make([]int64, 2), make([]int64, 2), make([]int64, 2), make([]int64, 2)
	r.file.head = header{r.opt.Lines, r.opt.Pages, pageSize}
	r.file.buf = make([]byte, pageSize)
	r.file.f = full
	for i := range 5 {
		r.Sample(t0+int64(i)*1000, []int64{int64(i), 0})
		r.flush(mono, false)
	}
	if len(log) != 1 || !strings.Contains(log[0], "no space left") {
		t.Errorf("log %q", log)
	}
	full.Close()
	if r.file.f, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		t.Fatal(err)
	}
	defer r.file.f.Close()
	r.Sample(t0+5000, []int64{5, 0})
	if !r.flush(mono, false) || len(log) != 2 || !strings.Contains(log[1], "again") {
		t.Errorf("log %q", log)
	}
	s, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := samples(collect(s, Query{})); len(got) != 6 || got[0].Values[0] != 0 || got[5].Values[0] != 5 {
		t.Errorf("%d samples in the file", len(got))
	}
	for i := range r.rings {
		r.rings[i].free()
	}
	r.arena.Close()
}
