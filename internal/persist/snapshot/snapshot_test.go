package snapshot

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"granary/internal/keyspace"
	"granary/internal/mem"
	"granary/internal/object"
	"granary/internal/persist/rdb"
	"granary/internal/types/hash"
	"granary/internal/types/list"
	"granary/internal/types/zset"
	"granary/tests/live"
)

// world is a keyspace that is changed at random.
type world struct {
	t  *testing.T
	r  *rand.Rand
	a  *mem.Arena
	ks *keyspace.Keyspace
	n  int // keys
}

var limits = rdb.Limits{
	String: object.StringLimits{Embstr: 44, Shared: true},
	Hash:   hash.Limits{Entries: 16, Value: 64},
	List:   list.Limits{Fill: -2},
	ZSet:   zset.Limits{Entries: 16, Value: 64},
}

func newWorld(t *testing.T, r *rand.Rand, n int) *world {
	a := mem.NewArena("test")
	w := &world{t: t, r: r, a: a, ks: keyspace.New(a, 2), n: n}
	w.ks.Now = 1000
	return w
}

func (w *world) end() {
	w.t.Helper()
	w.ks.FlushAll(false)
	for !w.ks.Reclaim(time.Now().Add(time.Second)) {
	}
	if left := w.a.Books().Total; left.Count != 0 {
		w.t.Fatalf("%d bytes in %d blocks are left behind", left.Requested, left.Count)
	}
	w.a.Close()
}

func (w *world) word() []byte {
	if w.r.IntN(3) == 0 {
		return strconv.AppendInt(nil, w.r.Int64N(1e9), 10)
	}
	return bytes.Repeat([]byte("w"+strconv.Itoa(w.r.IntN(1000))), 1+w.r.IntN(12))
}

// change changes a key.
func (w *world) change() {
	db := w.ks.DBs[w.r.IntN(2)]
	it := db.Write([]byte("key:" + strconv.Itoa(w.r.IntN(w.n))))
	kind := object.Type(255)
	if it.Exists() {
		kind = it.Entry.Type()
	}
	many := 1
	if w.r.IntN(40) == 0 {
		many = 2500 // large
	}
	switch n := w.r.IntN(100); {
	case n < 10 && it.Exists():
		it.Delete()
	case n < 15 && it.Exists():
		it.SetExpiry(1000 + w.r.Int64N(1e9))
	case (n < 35 || kind == object.Hash) && (kind == object.Hash || !it.Exists()):
		for range many {
			hash.Set(&it, limits.Hash, w.word(), w.word(), 0)
		}
	case (n < 50 || kind == object.ZSet) && (kind == object.ZSet || !it.Exists()):
		for range many {
			zset.Put(&it, limits.ZSet, w.word(), float64(w.r.IntN(100)), 0)
		}
	case (n < 65 || kind == object.List) && (kind == object.List || !it.Exists()):
		for range many {
			list.Push(&it, limits.List, [][]byte{w.word()}, w.r.IntN(2) == 0)
		}
	case n < 70:
		it.SetString(bytes.Repeat(w.word(), 3000+w.r.IntN(30000)), 0)
	case kind == object.String && n < 80:
		b := it.Edit(10)
		b[w.r.IntN(len(b))]++
	default:
		it.SetString(w.word(), 0)
	}
}

// content returns all keys with their values, as text.
func (w *world) content() map[string]string {
	all := map[string]string{}
	for _, db := range w.ks.DBs {
		db.Each(func(e object.Entry) bool {
			all[strconv.Itoa(db.ID)+" "+string(e.Key())] = w.text(e)
			return true
		})
	}
	return all
}

func (w *world) text(e object.Entry) string {
	var parts []string
	var s1, s2 [32]byte
	switch e.Type() {
	case object.String:
		var s object.Scratch
		parts = append(parts, string(e.Text(&s)))
	case object.Hash:
		var a, b hash.Scratch
		it := hash.NewIter(e, 0)
		for it.Next() {
			parts = append(parts, string(it.Name(&a))+"="+string(it.Value(&b)))
		}
		slices.Sort(parts)
	case object.ZSet:
		v := zset.OfEntry(w.a, e)
		var s zset.Scratch
		c := v.At(0)
		for ; c.Valid(); c.Next() {
			parts = append(parts, string(c.Member(&s))+"="+string(strconv.AppendFloat(s1[:0], c.Score(), 'g', -1, 64)))
		}
	case object.List:
		v := list.Of(w.a, e)
		it := v.From(0, false)
		for ; it.Valid(); it.Next() {
			elem := it.Elem()
			parts = append(parts, string(elem.AppendTo(s2[:0])))
		}
	}
	return fmt.Sprint(e.Type(), e.Expiry(), " ") + strings.Join(parts, " ")
}

// memory is a Target in memory.
type memory struct {
	bytes.Buffer
	slow  bool
	limit int // bytes after which it is full, 0: never
	err   error
	ended bool
}

var errFull = errors.New("no space")

func (m *memory) Write(p []byte) (int, error) {
	if m.slow {
		time.Sleep(200 * time.Microsecond)
	}
	if m.limit > 0 && m.Len() > m.limit {
		return 0, errFull
	}
	return m.Buffer.Write(p)
}

func (m *memory) Finish(err error) error {
	m.ended, m.err = true, err
	return err
}

func (w *world) load(b []byte) *Loader {
	w.t.Helper()
	l := &Loader{KS: w.ks}
	d := rdb.NewFileDecoder(bytes.NewReader(b), int64(len(b)))
	if _, err := rdb.ReadFile(d, w.a, limits, rdb.Trust{}, l); err != nil {
		w.t.Fatal(err)
	}
	if d.Left() != 0 {
		w.t.Errorf("%d bytes are left of the file", d.Left())
	}
	return l
}

// TestJob takes snapshots while everything is changed, loads them, and compares with what there was at the beginning.
func TestJob(t *testing.T) {
	r := rand.New(rand.NewPCG(live.Seed(t), 0))
	for round := range 12 {
		w := newWorld(t, r, []int{20, 200, 1500}[round%3])
		for range w.n {
			w.change()
		}
		want := w.content()
		target := &memory{slow: round%4 == 0}
		j, err := Begin(w.ks, target, Options{Version: rdb.Version, Compress: round%2 == 0, Checksum: round%5 != 0})
		if err != nil {
			t.Fatal(err)
		}
		if round == 11 {
			j.Run()
		}
		for !j.Step(time.Now().Add(50 * time.Microsecond)) {
			for range r.IntN(200) {
				w.change()
			}
			w.ks.DefragUnits(r.IntN(100), true) // compaction goes on meanwhile
		}
		n, err := j.Close()
		if err != nil || int(n) != target.Len() || !target.ended {
			t.Fatalf("%d bytes of %d: %v", n, target.Len(), err)
		}
		if keys, total := j.Progress(); keys != total || int(total) != len(want) {
			t.Errorf("%d of %d keys, there were %d", keys, total, len(want))
		}
		x := newWorld(t, r, 0)
		x.load(target.Bytes())
		got := x.content()
		for k, v := range want {
			if got[k] != v {
				t.Fatalf("round %d: %s is %.80q, was %.80q", round, k, got[k], v)
			}
		}
		if len(got) != len(want) {
			t.Fatalf("the snapshot has %d keys, there were %d", len(got), len(want))
		}
		if err := x.ks.Check(); err != nil {
			t.Fatal(err)
		}
		x.end()
		w.end()
	}
}

// TestBeside changes a long string while a large value is being written, so that the string is put behind it.
func TestBeside(t *testing.T) {
	w := newWorld(t, rand.New(rand.NewPCG(live.Seed(t), 2)), 0)
	it := w.ks.DBs[0].Write([]byte("large"))
	for i := range 50000 {
		hash.Set(&it, limits.Hash, []byte("field:"+strconv.Itoa(i)), []byte("value"), 0)
	}
	it = w.ks.DBs[1].Write([]byte("long"))
	it.SetString(bytes.Repeat([]byte("long"), partSize/4), 0)
	want := w.content()
	target := &memory{}
	j, err := Begin(w.ks, target, Options{Version: rdb.Version})
	if err != nil {
		t.Fatal(err)
	}
	j.Step(time.Now()) // no more than a few parts
	if !j.open {
		t.Fatal("the large value is not being written")
	}
	it = w.ks.DBs[1].Write([]byte("long"))
	it.SetString([]byte("short"), 0)
	if j.side == nil {
		t.Fatal("the string was not put beside it")
	}
	j.Run()
	if _, err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if keys, total := j.Progress(); keys != 2 || total != 2 {
		t.Errorf("%d of %d keys were counted, want 2 of 2", keys, total)
	}
	x := newWorld(t, w.r, 0)
	x.load(target.Bytes())
	if got := x.content(); !maps.Equal(got, want) {
		t.Error("the snapshot has not what there was")
	}
	x.end()
	w.end()
}

// TestFailures ends snapshots in all ways that are not success: memory is given back, and the target knows.
func TestFailures(t *testing.T) {
	r := rand.New(rand.NewPCG(live.Seed(t), 1))
	w := newWorld(t, r, 1500)
	for range w.n {
		w.change()
	}
	errMine := errors.New("mine")
	for round := range 12 {
		target := &memory{slow: round%2 == 0}
		var want error
		if round%3 == 0 {
			target.limit, want = 1000, errFull
		}
		j, err := Begin(w.ks, target, Options{Version: rdb.Version})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Begin(w.ks, &memory{}, Options{Version: rdb.Version}); err != keyspace.ErrSnapshot {
			t.Errorf("a second job: %v", err)
		}
		for step := 0; !j.Step(time.Now().Add(20 * time.Microsecond)); step++ {
			w.change()
			if step == round && want == nil {
				want = errMine
				j.Abort(errMine)
			}
		}
		if _, err := j.Close(); want != nil && !errors.Is(err, want) || !target.ended || target.err != err {
			t.Errorf("round %d: it ended with %v, and the target with %v, want %v", round, err, target.err, want)
		}
	}
	w.end()
}

// held is a target whose end waits.
type held struct {
	memory
	ending, let chan struct{}
}

func (h *held) Finish(err error) error {
	close(h.ending)
	<-h.let
	return h.memory.Finish(err)
}

// TestTooLate gives a job up while its target is being finished: what it says is how the target ended.
func TestTooLate(t *testing.T) {
	w := newWorld(t, rand.New(rand.NewPCG(live.Seed(t), 3)), 100)
	for range w.n {
		w.change()
	}
	target := &held{ending: make(chan struct{}), let: make(chan struct{})}
	j, err := Begin(w.ks, target, Options{Version: rdb.Version})
	if err != nil {
		t.Fatal(err)
	}
	for ending := false; !ending; {
		j.Step(time.Now().Add(time.Second))
		select {
		case <-target.ending:
			ending = true
		default:
		}
	}
	j.Abort(errors.New("too late"))
	close(target.let)
	j.Run()
	if _, err := j.Close(); err != nil || target.err != nil {
		t.Errorf("it ended with %v, and the target with %v", err, target.err)
	}
	w.end()
}

// TestFile checks that a file has its name only when it is whole.
func TestFile(t *testing.T) {
	dir := t.TempDir()
	temp, name := filepath.Join(dir, "temp"), filepath.Join(dir, "name")
	for i, c := range []struct {
		err  error
		want string
	}{{nil, "0"}, {errFull, "0"}, {nil, "2"}} {
		f, err := CreateFile(temp, name, true)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(f, i)
		if err := f.Finish(c.err); err != c.err {
			t.Errorf("%d: %v", i, err)
		}
		if b, err := os.ReadFile(name); string(b) != c.want {
			t.Errorf("%d: the file has %q (%v), want %q", i, b, err, c.want)
		}
		if _, err := os.Stat(temp); !os.IsNotExist(err) {
			t.Errorf("%d: the temporary file is there (%v)", i, err)
		}
	}
	if _, err := CreateFile(filepath.Join(dir, "none", "temp"), name, false); err == nil {
		t.Error("a file in a directory that is not there")
	}
}
