package lzf

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

var seedFlag = flag.Uint64("seed", 1, "seed of the random inputs")

// samples are inputs of the kinds that take different paths.
func samples(rnd *rand.Rand) map[string][]byte {
	random := make([]byte, 70000)
	for i := range random {
		random[i] = byte(rnd.Uint32())
	}
	var json bytes.Buffer
	for i := range 500 {
		fmt.Fprintf(&json, `{"id":%d,"name":"user%d","tags":["a","b"],"score":%d}`, i, rnd.IntN(1000), rnd.IntN(100))
	}
	few := make([]byte, 20000)
	for i := range few {
		few[i] = "ab"[rnd.IntN(2)]
	}
	far := append(append([]byte{}, random[:maxOffset]...), random[:300]...) // a copy from exactly 8192 back
	tooFar := append(append([]byte{}, random[:maxOffset+1]...), random[:300]...)
	m := map[string][]byte{
		"empty": nil, "random": random, "json": json.Bytes(), "few": few, "far": far, "too far": tooFar,
		"zeros": make([]byte, 100000), "words": []byte(strings.Repeat("the quick brown fox ", 400)),
		"random and zeros": append(append([]byte{}, random[:1000]...), make([]byte, 1000)...),
	}
	for n := range 300 {
		m[fmt.Sprintf("%d equal", n)] = bytes.Repeat([]byte{'x'}, n)
		m[fmt.Sprintf("%d of json", n)] = json.Bytes()[:n]
	}
	return m
}

// longest returns the most bytes that n incompressible bytes take.
func longest(n int) int { return n + (n+maxRun-1)/maxRun }

func TestRoundTrip(t *testing.T) {
	t.Logf("seed %d", *seedFlag)
	var c Compressor
	for name, src := range samples(rand.New(rand.NewPCG(*seedFlag, 1))) {
		dst := make([]byte, longest(len(src)))
		n := c.Compress(dst, src)
		if n == 0 && len(src) > 0 {
			t.Fatalf("%s: %d bytes did not fit in %d", name, len(src), len(dst))
		}
		got := make([]byte, len(src))
		if err := Decompress(got, dst[:n]); err != nil || !bytes.Equal(got, src) {
			t.Fatalf("%s: %v; %d bytes differ", name, err, len(src))
		}
		if n > 0 {
			// It fits in exactly n, and not in less.
			exact := make([]byte, n)
			if m := c.Compress(exact, src); m == 0 || Decompress(got, exact[:m]) != nil || !bytes.Equal(got, src) {
				t.Errorf("%s: does not fit in %d bytes", name, n)
			}
			if m := c.Compress(exact[:n-1], src); m != 0 {
				t.Errorf("%s: %d bytes became %d at first and %d then", name, len(src), n, m)
			}
		}
	}
}

// TestRatio pins what the compressor achieves; liblzf is within a few percent of these.
func TestRatio(t *testing.T) {
	var c Compressor
	s := samples(rand.New(rand.NewPCG(1, 1)))
	for name, most := range map[string]float64{"json": 0.36, "zeros": 0.013, "words": 0.02, "few": 0.55} {
		src := s[name]
		n := c.Compress(make([]byte, len(src)), src)
		t.Logf("%s: %d -> %d (%.3f)", name, len(src), n, float64(n)/float64(len(src)))
		if n == 0 || float64(n) > most*float64(len(src)) {
			t.Errorf("%s: %d -> %d, want at most %.3f", name, len(src), n, most)
		}
	}
}

// TestFormat pins the bytes of the format.
func TestFormat(t *testing.T) {
	check := func(plain, packed string) {
		t.Helper()
		var c Compressor
		dst := make([]byte, 1000)
		n := c.Compress(dst, []byte(plain))
		if got := hex.EncodeToString(dst[:n]); got != packed {
			t.Errorf("%d bytes: got %s, want %s", len(plain), got, packed)
		}
	}
	check("", "")
	check("a", "0061")
	check("abcd", "0361626364")
	check("abcabcabc", "02616263"+"8002")                     // l = 4: six bytes from three back
	check(strings.Repeat("x", 300), "0078"+"e0ff00"+"e01a00") // 1 + 264 + 35
	check("0123456789abcdefghijklmnopqrstuvwxyz", "1f"+hex.EncodeToString([]byte("0123456789abcdefghijklmnopqrstuv"))+"03"+hex.EncodeToString([]byte("wxyz")))
}

// TestCorrupt: none of these may be accepted, or touch anything outside.
func TestCorrupt(t *testing.T) {
	check := func(packed string, n int) {
		t.Helper()
		src, err := hex.DecodeString(packed)
		if err != nil {
			t.Fatal(err)
		}
		if err := Decompress(make([]byte, n), src); err != ErrCorrupt {
			t.Errorf("%s as %d bytes: %v", packed, n, err)
		}
	}
	check("", 1)
	check("00", 1)             // a run without its bytes
	check("0361626364", 3)     // longer than expected
	check("0361626364", 5)     // shorter than expected
	check("2000", 3)           // a copy from before the beginning
	check("00612001", 4)       // the same by one byte
	check("0061e0", 10)        // the length is missing
	check("006120", 4)         // the offset is missing
	check("0061e000", 10)      // the offset is missing
	check("0061e0ff00", 264)   // one byte too long
	check("0061e0ff00", 266)   // one byte too short
	check("0061e0ff0000", 265) // something follows
}

// TestBaseWraps: positions of earlier blocks are forgotten when the counter starts again.
func TestBaseWraps(t *testing.T) {
	var c Compressor
	src := []byte(strings.Repeat("wrap around ", 100))
	dst, got := make([]byte, len(src)), make([]byte, len(src))
	c.Compress(dst, src)
	c.base = 1<<32 - 1 - 3*uint32(len(src)) - 5
	for i := range 6 {
		n := c.Compress(dst, src)
		if err := Decompress(got, dst[:n]); n == 0 || err != nil || !bytes.Equal(got, src) {
			t.Fatalf("block %d: %v", i, err)
		}
	}
	if c.base != 3*uint32(len(src)) {
		t.Errorf("base is %d", c.base)
	}
}

func TestAllocs(t *testing.T) {
	c := new(Compressor)
	src := []byte(strings.Repeat("allocation ", 500))
	dst, got := make([]byte, len(src)), make([]byte, len(src))
	if n := testing.AllocsPerRun(20, func() {
		n := c.Compress(dst, src)
		if Decompress(got, dst[:n]) != nil {
			t.Fatal("corrupt")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzRoundTrip(f *testing.F) {
	f.Add([]byte("abcabcabcabc"), uint16(3))
	f.Add(make([]byte, 600), uint16(20))
	c := new(Compressor)
	f.Fuzz(func(t *testing.T, src []byte, room uint16) {
		dst := make([]byte, longest(len(src)))
		n := c.Compress(dst, src)
		got := make([]byte, len(src))
		if err := Decompress(got, dst[:n]); err != nil || !bytes.Equal(got, src) {
			t.Fatalf("%v: %q", err, src)
		}
		small := make([]byte, room)
		if m := c.Compress(small, src); m > 0 {
			if err := Decompress(got, small[:m]); err != nil || !bytes.Equal(got, src) {
				t.Fatalf("in %d bytes: %v: %q", room, err, src)
			}
		}
	})
}

func FuzzDecompress(f *testing.F) {
	f.Add([]byte("\x02abc\x80\x02"), uint16(9))
	f.Add([]byte("\x00x\xe0\xff\x00\xe0\x19\x00\x00x"), uint16(300))
	f.Fuzz(func(t *testing.T, src []byte, n uint16) {
		// Bytes around the destination must stay.
		room := bytes.Repeat([]byte{0xa5}, int(n)+20)
		err := Decompress(room[10:10+n:10+n], src)
		if err != nil && err != ErrCorrupt {
			t.Fatal(err)
		}
		for i := range 10 {
			if room[i] != 0xa5 || room[len(room)-1-i] != 0xa5 {
				t.Fatal("wrote outside")
			}
		}
		if want, ok := slow(src, int(n)); ok != (err == nil) || ok && !bytes.Equal(want, room[10:10+n]) {
			t.Fatalf("%x as %d bytes: %v, byte by byte %v", src, n, err, ok)
		}
	})
}

// slow decompresses byte by byte, as the format is drawn.
func slow(src []byte, n int) (out []byte, ok bool) {
	out = []byte{}
	for len(src) > 0 {
		l, o := int(src[0]>>5), int(src[0]&31)
		src = src[1:]
		if l == 0 {
			if len(src) < o+1 {
				return nil, false
			}
			out, src = append(out, src[:o+1]...), src[o+1:]
			continue
		}
		if l == 7 {
			if len(src) == 0 {
				return nil, false
			}
			l, src = l+int(src[0]), src[1:]
		}
		if len(src) == 0 {
			return nil, false
		}
		at := len(out) - (o<<8 | int(src[0])) - 1
		src = src[1:]
		if at < 0 {
			return nil, false
		}
		for range l + 2 {
			out, at = append(out, out[at]), at+1
		}
	}
	return out, len(out) == n
}

func benchmarkInput(name string) []byte {
	src := samples(rand.New(rand.NewPCG(1, 1)))[name]
	return src[:min(len(src), 8192)]
}

func BenchmarkCompress(b *testing.B) {
	for _, name := range []string{"json", "random", "zeros"} {
		b.Run(name, func(b *testing.B) {
			c, src := new(Compressor), benchmarkInput(name)
			dst := make([]byte, longest(len(src)))
			b.SetBytes(int64(len(src)))
			for b.Loop() {
				c.Compress(dst, src)
			}
		})
	}
}

func BenchmarkDecompress(b *testing.B) {
	for _, name := range []string{"json", "random", "zeros"} {
		b.Run(name, func(b *testing.B) {
			src := benchmarkInput(name)
			dst := make([]byte, longest(len(src)))
			dst = dst[:new(Compressor).Compress(dst, src)]
			b.SetBytes(int64(len(src)))
			for b.Loop() {
				if Decompress(src, dst) != nil {
					b.Fatal("corrupt")
				}
			}
		})
	}
}
