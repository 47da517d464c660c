package snapshot

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"granary/internal/mem"
	"granary/internal/object"
	"granary/internal/persist/rdb"
	"granary/internal/types/hash"
	"granary/internal/types/list"
	"granary/internal/types/set"
	streams "granary/internal/types/stream"
	"granary/internal/types/typestest"
	"granary/internal/types/zset"
	"granary/tests/live"
)

var corruptions = flag.Int("corruptions", 1000, "files that TestCorruption corrupts")

// smallValues are limits at which small random values have all encodings.
var smallValues = rdb.Limits{
	String: object.StringLimits{Embstr: 44, Shared: true},
	Hash:   hash.Limits{Entries: 16, Value: 64},
	List:   list.Limits{Fill: 16},
	Set:    set.Limits{Intset: 16, Entries: 16, Value: 64},
	ZSet:   zset.Limits{Entries: 16, Value: 64},
	Stream: streams.Limits{Bytes: 200, Entries: 10},
}

// variety gives each of n keys a random value of a random type. Hash fields that expire are among them, if fields is set.
func (w *world) variety(n int, fields bool) {
	r := w.r
	for i := range n {
		it := w.ks.DBs[r.IntN(2)].Write([]byte("key:" + strconv.Itoa(i)))
		many := []int{1, 4, 14, 40}[r.IntN(4)]
		switch r.IntN(6) {
		case 0:
			it.SetString(bytes.Repeat(w.word(), 1+r.IntN(2*many)), 0)
		case 1:
			for range many {
				list.Push(&it, smallValues.List, [][]byte{w.word()}, r.IntN(2) == 0)
			}
		case 2:
			at := int64(0)
			if fields {
				at = 2000 + r.Int64N(1e12)
			}
			for range many {
				hash.Set(&it, smallValues.Hash, w.word(), w.word(), at*r.Int64N(2))
			}
		case 3:
			b := set.NewBuilder(w.a, smallValues.Set, object.Intset)
			var m set.Member
			for ints := r.IntN(2) == 0; many > 0; many-- {
				if ints {
					m.SetInt(r.Int64() >> r.IntN(60))
				} else {
					m.SetText(w.word())
				}
				b.Add(&m)
			}
			b.Store(&it)
		case 4:
			for range many {
				zset.Put(&it, smallValues.ZSet, w.word(), r.NormFloat64()*10, 0)
			}
		case 5:
			typestest.Stream(w.t, w.r, &it, smallValues.Stream, many, w.word)
		}
		if r.IntN(3) == 0 {
			it.SetExpiry(1000 + r.Int64N(1e12))
		}
	}
}

// anyFile returns a snapshot of random data.
func anyFile(t *testing.T, r *rand.Rand) []byte {
	t.Helper()
	w := newWorld(t, r, 0)
	defer w.end()
	opt := Options{Version: rdb.Version, Compress: r.IntN(2) == 0, Checksum: true, Clock: rdb.Clock(r.IntN(3)), Head: func(f *rdb.File) {
		f.Aux("redis-ver", "7.4.0")
		f.Function([]byte("#!lua name=lib\n"))
	}}
	if r.IntN(3) == 0 {
		opt.Version = rdb.VersionFields
	}
	w.variety(1+r.IntN(40), opt.Version == rdb.VersionFields)
	target := &memory{}
	j, err := Begin(w.ks, target, opt)
	if err != nil {
		t.Fatal(err)
	}
	j.Run()
	if _, err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return target.Bytes()
}

// oldFiles are those of old versions that come with the suite's sources, if they are there.
func oldFiles() (files [][]byte) {
	cache, _ := os.UserCacheDir()
	names, _ := filepath.Glob(filepath.Join(cache, "granary", "valkey-trixie", "source", "tests", "assets", "*.rdb"))
	for _, name := range names {
		if b, err := os.ReadFile(name); err == nil {
			files = append(files, b)
		}
	}
	return files
}

// corrupt returns a file with something wrong with it, and a checksum that is right.
func corrupt(r *rand.Rand, good []byte) []byte {
	const header = 9
	body := bytes.Clone(good[:len(good)-8])
	place := func() int { return header + r.IntN(len(body)-header) }
	for n := 1 + r.IntN(3); n > 0; n-- {
		switch at := place(); r.IntN(7) {
		case 0, 1:
			body[at] ^= 1 << r.IntN(8)
		case 2:
			body[at] = byte(r.Uint32())
		case 3: // bytes inserted
			junk := make([]byte, 1+r.IntN(8))
			for i := range junk {
				junk[i] = byte(r.Uint32() & r.Uint32())
			}
			body = append(body[:at:at], append(junk, body[at:]...)...)
		case 4: // bytes left out
			end := min(at+1+r.IntN(8), len(body))
			if end-at < len(body)-header {
				body = append(body[:at:at], body[end:]...)
			}
		case 5: // a piece of it once more
			from := place()
			piece := bytes.Clone(body[from:min(from+r.IntN(60), len(body))])
			body = append(body[:at:at], append(piece, body[at:]...)...)
		case 6: // lengths, counts and numbers at the ends of their ranges
			edges := [][]byte{{0x81, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}, {0x80, 0x7F, 0xFF, 0xFF, 0xFF}, {0, 0, 0, 0, 0, 0, 0, 0x80}, {0xFF, 0xFF, 0xFF, 0xFF}}
			copy(body[at:], edges[r.IntN(len(edges))])
		}
	}
	if r.IntN(12) == 0 {
		body = body[:place()]
	}
	return binary.LittleEndian.AppendUint64(body, rdb.CRC(0, body))
}

// TestCorruption corrupts files at random. Reading one is an error, or a sound keyspace, every value of which can be written again;
// never a panic. Nothing is left behind.
func TestCorruption(t *testing.T) {
	r := rand.New(rand.NewPCG(live.Seed(t), 3))
	old := oldFiles()
	var file []byte
	var slowest time.Duration
	sound := 0
	for round := range *corruptions {
		if round%20 == 0 {
			if file = anyFile(t, r); len(old) > 0 && round%200 == 100 {
				file = old[r.IntN(len(old))]
			}
		}
		bad := corrupt(r, file)
		w := newWorld(t, r, 0)
		began := time.Now()
		err := w.take(bad)
		slowest = max(slowest, time.Since(began))
		if err == nil {
			sound++
		} else if fault := (*rdb.FileError)(nil); !errors.As(err, &fault) || fault.Offset > int64(len(bad)) {
			t.Errorf("round %d: the error does not name the place: %v", round, err)
		}
		if err := w.ks.Check(); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		for _, db := range w.ks.DBs {
			db.Each(func(e object.Entry) bool {
				w.text(e)
				p := rdb.Dump(w.a, e, false, mem.PurposeSnapshotBuffer)
				p.Free()
				return true
			})
		}
		w.end()
	}
	t.Logf("%d files, of which %d were read as sound; the slowest took %v", *corruptions, sound, slowest)
}

// take reads a file.
func (w *world) take(b []byte) (err error) {
	defer func() {
		if x := recover(); x != nil {
			if x != error(mem.ErrOutOfMemory) {
				os.WriteFile(filepath.Join(os.TempDir(), "corrupt.rdb"), b, 0o600)
				panic(x)
			}
			err = &rdb.FileError{Err: mem.ErrOutOfMemory}
		}
	}()
	d := rdb.NewFileDecoder(bytes.NewReader(b), int64(len(b)))
	_, err = rdb.ReadFile(d, w.a, smallValues, rdb.Trust{}, &Loader{KS: w.ks})
	return err
}
