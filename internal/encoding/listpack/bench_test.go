package listpack

import (
	"fmt"
	"testing"
)

// Benchmarks work on listpacks of 128 entries, the default limit of hashes and zsets counted in entries of a list.

const benchEntries = 128

// benchPack has 128 entries: 64 fields "field:i" with values.
func benchPack(value func(i int) string) (Listpack, []Elem) {
	var all []string
	var fields []Elem
	for i := range benchEntries / 2 {
		f := fmt.Sprintf("field:%02d", i)
		all = append(all, f, value(i))
		fields = append(fields, Of([]byte(f)))
	}
	return grow(build(all...), 1<<14), fields
}

func textValue(i int) string { return fmt.Sprintf("value-%032d", i) }
func intValue(i int) string  { return fmt.Sprint(i * 1000) }

// BenchmarkFind looks for every field of a hash in turn: 32 entries are passed on average, half of them compared.
func BenchmarkFind(b *testing.B) {
	for _, c := range []struct {
		name  string
		value func(int) string
	}{{"text", textValue}, {"integers", intValue}} {
		b.Run(c.name, func(b *testing.B) {
			lp, fields := benchPack(c.value)
			i := 0
			for b.Loop() {
				lp.Find(lp.First(), fields[i%len(fields)], 1)
				i++
			}
		})
	}
	b.Run("missing", func(b *testing.B) {
		lp, _ := benchPack(textValue)
		e := Of([]byte("field:xx"))
		for b.Loop() {
			lp.Find(lp.First(), e, 1)
		}
	})
	b.Run("list", func(b *testing.B) {
		lp, _ := benchPack(textValue)
		e := Of([]byte("field:xx"))
		for b.Loop() {
			lp.Find(lp.First(), e, 0)
		}
	})
	b.Run("long", func(b *testing.B) {
		lp, _ := benchPack(textValue)
		e := Of([]byte(fmt.Sprintf("%070d", 1) + "x"))
		for b.Loop() {
			lp.Find(lp.First(), e, 0)
		}
	})
	b.Run("integer", func(b *testing.B) {
		lp, _ := benchPack(intValue)
		e := Int(12345)
		for b.Loop() {
			lp.Find(lp.First(), e, 0)
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	room := make([]byte, 1<<14)
	text := []byte("value-00000000")
	lp := New(room)
	n := 0
	for b.Loop() {
		if n++; n == benchEntries {
			lp, n = New(room), 0
		}
		lp = lp.Append(Of(text))
	}
}

// BenchmarkReplace changes entries in the middle: to the same size, and to a longer and a shorter one in turn.
func BenchmarkReplace(b *testing.B) {
	b.Run("same", func(b *testing.B) {
		lp, _ := benchPack(textValue)
		p := lp.Seek(benchEntries/2 + 1)
		e := Of([]byte(textValue(7)))
		for b.Loop() {
			lp = lp.Replace(p, e)
		}
	})
	b.Run("resized", func(b *testing.B) {
		lp, _ := benchPack(textValue)
		p := lp.Seek(benchEntries/2 + 1)
		e, f := Of([]byte(textValue(7))), Of([]byte("x"))
		for b.Loop() {
			lp = lp.Replace(p, f)
			e, f = f, e
		}
	})
	b.Run("integer", func(b *testing.B) {
		lp, _ := benchPack(intValue)
		p := lp.Seek(benchEntries/2 + 1)
		n := int64(0)
		for b.Loop() {
			n++
			lp = lp.ReplaceInt(p, 100000+n&0xFFFF)
		}
	})
}

func BenchmarkPrependDelete(b *testing.B) {
	lp, _ := benchPack(textValue)
	e := Of([]byte("first"))
	for b.Loop() {
		lp = lp.Prepend(e)
		lp, _ = lp.Delete(lp.First())
	}
}

// BenchmarkWalk reads all entries, as HGETALL does.
func BenchmarkWalk(b *testing.B) {
	lp, _ := benchPack(textValue)
	total := 0
	for b.Loop() {
		for p := lp.First(); p != 0; {
			var e Elem
			e, p = lp.Read(p)
			total += e.TextLen()
		}
	}
}

func BenchmarkSeek(b *testing.B) {
	lp, _ := benchPack(textValue)
	i := 0
	for b.Loop() {
		lp.Seek(i % benchEntries)
		i++
	}
}

func BenchmarkValidate(b *testing.B) {
	lp, _ := benchPack(textValue)
	b.SetBytes(int64(len(lp)))
	for b.Loop() {
		if err := Validate(lp, nil); err != nil {
			b.Fatal(err)
		}
	}
}
