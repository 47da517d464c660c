package keyspace

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"granary/internal/mem"
	"granary/internal/object"
	"granary/tests/live"
)

var seedFlag = flag.Uint64("seed", 0, "seed of the random histories; 0 takes one by the clock")

// newSeed returns the seed of a test and makes sure that it is printed when the test fails.
func newSeed(t *testing.T) uint64 {
	t.Helper()
	seed := *seedFlag
	if seed == 0 {
		seed = live.Seed(t)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("repeat with -seed %d", seed)
		}
	})
	return seed
}

// far is a deadline that no slice reaches.
func far() time.Time { return time.Now().Add(time.Hour) }

// model is the naive keyspace.
type model struct {
	dbs []map[string]value
	now int64
}

type value struct {
	text   string
	expiry int64
}

func (m *model) get(db int, key string) (value, bool) {
	v, ok := m.dbs[db][key]
	if ok && v.expiry != 0 && v.expiry <= m.now {
		delete(m.dbs[db], key)
		return value{}, false
	}
	return v, ok
}

// history applies random operations to a keyspace and to the model.
type history struct {
	t   *testing.T
	r   *rand.Rand
	ks  *Keyspace
	m   model
	log []string
}

func newHistory(t *testing.T, seed uint64, dbs int) *history {
	h := &history{t: t, r: rand.New(rand.NewPCG(seed, 1)), ks: New(mem.NewArena("test"), dbs)}
	h.ks.Now = 1_700_000_000_000
	h.m.now = h.ks.Now
	for range dbs {
		h.m.dbs = append(h.m.dbs, map[string]value{})
	}
	return h
}

func (h *history) key() []byte {
	n := h.r.IntN(60)
	switch {
	case n < 50:
		return []byte("key:" + strconv.Itoa(n))
	case n < 55:
		return bytes.Repeat([]byte{byte('a' + n)}, 250+n*2) // long keys and almost long ones
	}
	return []byte{byte(n)}
}

func (h *history) text() []byte {
	switch h.r.IntN(6) {
	case 0:
		return []byte(strconv.Itoa(h.r.IntN(20000) - 5000))
	case 1:
		return []byte(strconv.FormatInt(h.r.Int64(), 10))
	case 2:
		return bytes.Repeat([]byte("x"), h.r.IntN(46))
	case 3:
		return bytes.Repeat([]byte("y"), h.r.IntN(600))
	case 4:
		return bytes.Repeat([]byte("z"), h.r.IntN(20000))
	}
	return nil
}

func (h *history) expiry() int64 {
	switch h.r.IntN(5) {
	case 0, 1:
		return 0
	case 2:
		return h.m.now + 1 + h.r.Int64N(2000)
	case 3:
		return h.m.now + 1 + h.r.Int64N(1<<40)
	}
	return 1<<63 - 1 - h.r.Int64N(3)
}

// step does one operation on both sides.
func (h *history) step() {
	ks, m, r := h.ks, &h.m, h.r
	id := r.IntN(len(ks.DBs))
	db := ks.DBs[id]
	key := h.key()
	k := string(key)
	op := r.IntN(100)
	h.log = append(h.log, fmt.Sprintf("db %d op %d key %.20q", id, op, k))
	switch {
	case op < 25:
		it := db.Write(key)
		v := value{string(h.text()), h.expiry()}
		it.SetString([]byte(v.text), v.expiry)
		m.dbs[id][k] = v
	case op < 30:
		v, _ := m.get(id, k)
		n := r.Int64N(30000) - 10000
		it := db.Write(key)
		it.SetInt(n)
		m.dbs[id][k] = value{strconv.FormatInt(n, 10), v.expiry}
	case op < 35:
		v, _ := m.get(id, k)
		text := h.text()
		it := db.Write(key)
		it.SetText(text)
		if it.Entry.Encoding() == object.Int {
			h.t.Fatal("SetText looked for a number")
		}
		m.dbs[id][k] = value{string(text), v.expiry}
	case op < 42:
		h.edit(db, key)
	case op < 50:
		if it := db.Write(key); h.same(id, k, &it) {
			v := m.dbs[id][k]
			v.expiry = h.expiry()
			it.SetExpiry(v.expiry)
			m.dbs[id][k] = v
		}
	case op < 60:
		if it := db.Write(key); h.same(id, k, &it) {
			it.Delete()
			delete(m.dbs[id], k)
		}
	case op < 80:
		h.two(op, id, key)
	case op < 84:
		other := r.IntN(len(ks.DBs))
		ks.Swap(id, other)
		m.dbs[id], m.dbs[other] = m.dbs[other], m.dbs[id]
	case op < 86:
		if n := len(m.dbs[id]); db.Flush(r.IntN(2) == 0) < n {
			h.t.Fatalf("Flush: the model had %d keys", n)
		}
		clear(m.dbs[id])
	case op < 88:
		ks.Reclaim(time.Now().Add(-time.Second))
		ks.DefragUnits(r.IntN(100), r.IntN(3) > 0)
	case op < 94:
		m.now += r.Int64N(700)
		ks.Now = m.now
	case op < 97:
		if !ks.ExpireSlice(far()) {
			h.t.Fatal("ExpireSlice: not done")
		}
		h.expireModel()
	default:
		it := db.Read(key)
		h.same(id, k, &it)
	}
}

func (h *history) edit(db *DB, key []byte) {
	k, id := string(key), db.ID
	v, _ := h.m.get(id, k)
	n := h.r.IntN(300)
	it := db.Write(key)
	b := it.Edit(n)
	text := []byte(v.text)
	for len(text) < n {
		text = append(text, 0)
	}
	if !bytes.Equal(b, text) {
		h.t.Fatalf("Edit(%d) of %.20q: %.40q, want %.40q", n, k, b, text)
	}
	if len(b) > 0 {
		i := h.r.IntN(len(b))
		b[i], text[i] = 'e', 'e'
	}
	h.m.dbs[id][k] = value{string(text), v.expiry}
}

// two does an operation on two keys.
func (h *history) two(op, id int, key []byte) {
	ks, m, r := h.ks, &h.m, h.r
	k := string(key)
	src := ks.DBs[id].Write(key)
	if !h.same(id, k, &src) {
		return
	}
	v := m.dbs[id][k]
	to := r.IntN(len(ks.DBs))
	other := h.key()
	switch {
	case op < 67: // RENAME
		if bytes.Equal(other, key) {
			return
		}
		dst := ks.DBs[id].Write(other)
		h.same(id, string(other), &dst)
		ks.Rename(&src, &dst)
		delete(m.dbs[id], k)
		m.dbs[id][string(other)] = v
	case op < 73: // MOVE
		if to == id {
			return
		}
		dst := ks.DBs[to].Write(key)
		if h.same(to, k, &dst) {
			return
		}
		ks.Move(&src, &dst)
		delete(m.dbs[id], k)
		m.dbs[to][k] = v
	default: // COPY REPLACE
		if to == id && bytes.Equal(other, key) {
			return
		}
		dst := ks.DBs[to].Write(other)
		h.same(to, string(other), &dst)
		ks.Copy(&src, &dst)
		m.dbs[to][string(other)] = v
	}
}

// same compares an item with the model and reports whether the key exists.
func (h *history) same(id int, k string, it *Item) bool {
	h.t.Helper()
	v, ok := h.m.get(id, k)
	if ok != it.Exists() {
		h.t.Fatalf("key %.20q of database %d: exists is %v, want %v", k, id, it.Exists(), ok)
	}
	if ok {
		h.sameEntry(k, it.Entry, v)
	}
	return ok
}

func (h *history) sameEntry(k string, e object.Entry, v value) {
	h.t.Helper()
	var buf object.Scratch
	if text := string(e.Text(&buf)); text != v.text || e.Expiry() != v.expiry || string(e.Key()) != k {
		h.t.Fatalf("key %.20q holds %.40q until %d, want %.20q, %.40q until %d", e.Key(), text, e.Expiry(), k, v.text, v.expiry)
	}
}

func (h *history) expireModel() {
	for _, db := range h.m.dbs {
		maps.DeleteFunc(db, func(_ string, v value) bool { return v.expiry != 0 && v.expiry <= h.m.now })
	}
}

// verify compares everything. Keys whose time has come may still be there on either side.
func (h *history) verify() {
	h.t.Helper()
	if err := h.ks.Check(); err != nil {
		h.t.Fatal(err)
	}
	for id, db := range h.ks.DBs {
		seen := 0
		db.Each(func(e object.Entry) bool {
			v, ok := h.m.dbs[id][string(e.Key())]
			switch {
			case ok:
				h.sameEntry(string(e.Key()), e, v)
				seen++
			case !h.ks.IsExpired(e):
				h.t.Fatalf("database %d has key %.20q, which should be gone", id, e.Key())
			}
			return true
		})
		for k, v := range h.m.dbs[id] {
			if it := db.Find([]byte(k)); !it.Exists() && (v.expiry == 0 || v.expiry > h.m.now) {
				h.t.Fatalf("database %d lost key %.20q", id, k)
			}
		}
		if seen > db.Len() {
			h.t.Fatalf("database %d: %d keys, Len is %d", id, seen, db.Len())
		}
	}
}

// recount walks all entries and compares with the books.
func (h *history) recount() {
	h.t.Helper()
	var want [mem.NumPurposes]mem.Tally
	book := func(p mem.Purpose, n int) {
		want[p].Requested += int64(n)
		want[p].Usable += int64(mem.Usable(n))
		want[p].Count++
	}
	tables := int64(0)
	for _, db := range h.ks.DBs {
		tables += db.TableBytes()
		db.Each(func(e object.Entry) bool {
			book(mem.PurposeEntry, e.Size())
			if e.Encoding() == object.Raw {
				book(mem.PurposeString, object.RawSize(e.Root()))
			}
			return true
		})
	}
	got := h.ks.Arena.Books()
	for _, p := range []mem.Purpose{mem.PurposeEntry, mem.PurposeString} {
		if got.Purposes[p] != want[p] {
			h.t.Fatalf("books of %s: %+v, entries add up to %+v", p, got.Purposes[p], want[p])
		}
	}
	booked := got.Purposes[mem.PurposeTable].Usable + got.Purposes[mem.PurposeExpire].Usable
	if booked != tables {
		h.t.Fatalf("books of tables: %d bytes, tables say %d", booked, tables)
	}
	if sum := booked + want[mem.PurposeEntry].Usable + want[mem.PurposeString].Usable; got.Total.Usable != sum {
		h.t.Fatalf("books: %d bytes in all, recounted %d", got.Total.Usable, sum)
	}
}

func TestModel(t *testing.T) {
	seed := newSeed(t)
	histories, steps := 60, 400
	if testing.Short() {
		histories = 10
	}
	for i := range histories {
		h := newHistory(t, seed+uint64(i), 3)
		h.ks.Access.LFU = i%2 == 1
		h.ks.Limits.Shared = i%3 != 0
		t.Cleanup(func() {
			if t.Failed() && len(h.log) > 5 {
				t.Log(h.log[len(h.log)-5:])
			}
		})
		for n := range steps {
			h.step()
			if n%10 == 0 || n == steps-1 {
				h.verify()
				h.ks.Reclaim(far())
				h.recount()
			}
		}
		h.log = nil
		h.ks.FlushAll(true)
		if h.ks.Reclaim(far()); h.ks.Pending() != 0 {
			t.Fatalf("%d objects wait after Reclaim is done", h.ks.Pending())
		}
		books := h.ks.Arena.Books()
		if left := books.Keyspace(); left != (mem.Tally{}) {
			t.Fatalf("after FLUSHALL the books hold %+v", left)
		}
	}
	for n := range int64(object.SharedInts) {
		if object.SharedRefs(n) != 0 {
			t.Fatalf("number %d of the shared pool has %d references, nothing is left that could refer to it", n, object.SharedRefs(n))
		}
	}
}

// TestManyKeys is the model test on tables that grow, split and shrink.
func TestManyKeys(t *testing.T) {
	h := newHistory(t, newSeed(t), 2)
	db := h.ks.DBs[0]
	const keys = 30000
	for i := range keys {
		k := "key:" + strconv.Itoa(i)
		v := value{text: k}
		if i%3 == 0 {
			v.expiry = h.m.now + 1 + int64(i)
		}
		it := db.Write([]byte(k))
		it.SetString([]byte(k), v.expiry)
		h.m.dbs[0][k] = v
	}
	h.verify()
	h.recount()
	if db.Len() != keys || db.Expires() != keys/3 {
		t.Fatalf("Len %d, Expires %d", db.Len(), db.Expires())
	}
	if got, want := db.AvgTTL(), int64(1+(keys-3)/2); got != want {
		t.Fatalf("AvgTTL %d, want %d", got, want)
	}
	for h.m.now < 1_700_000_000_000+keys {
		h.m.now += 1777
		h.ks.Now = h.m.now
		if !h.ks.ExpireSlice(far()) {
			t.Fatal("ExpireSlice: not done")
		}
		h.expireModel()
		if len(h.m.dbs[0]) != db.Len() {
			t.Fatalf("%d keys are left, want %d", db.Len(), len(h.m.dbs[0]))
		}
	}
	h.verify()
	h.recount()
	if db.AvgTTL() != 0 {
		t.Fatalf("AvgTTL %d without a key that expires", db.AvgTTL())
	}
}
