package swar

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"
)

// texts calls fn with strings of all lengths up to n over few bytes and over all.
func texts(n int, fn func(b []byte)) {
	r := rand.New(rand.NewPCG(1, 2))
	for length := range n + 1 {
		for range 200 {
			b := make([]byte, length)
			for i := range b {
				b[i] = "aAzZ@[`{:;\x00\x01\x7f\x80\xba\xff"[r.IntN(16)]
			}
			fn(b)
		}
	}
}

func TestWords(t *testing.T) {
	texts(20, func(b []byte) {
		var first [8]byte
		copy(first[:], b)
		if got, want := Head(b), binary.LittleEndian.Uint64(first[:]); got != want {
			t.Fatalf("%q: head %x, want %x", b, got, want)
		}
		for i, c := range first {
			if 'A' <= c && c <= 'Z' {
				first[i] += 'a' - 'A'
			}
		}
		if got, want := Lower(Head(b)), binary.LittleEndian.Uint64(first[:]); got != want {
			t.Fatalf("%q: lower case %x, want %x", b, got, want)
		}
		if len(b) >= 8 && Tail(b) != Head(b[len(b)-8:]) {
			t.Fatalf("%q: tail %x", b, Tail(b))
		}
	})
}

func TestContains(t *testing.T) {
	texts(28, func(b []byte) {
		for _, c := range []byte("a:\x00\x80\xff\x01?") {
			if got, want := Contains(b, c), bytes.IndexByte(b, c) >= 0; got != want {
				t.Fatalf("%q: %q is there: %t", b, c, got)
			}
		}
	})
}

func TestMarks(t *testing.T) {
	texts(8, func(b []byte) {
		for _, c := range []byte("a:\x00\x80\xff\x01?") {
			var want uint64
			for i := range 8 {
				if i < len(b) && b[i] == c || i >= len(b) && c == 0 {
					want |= 0x80 << (8 * i)
				}
			}
			if got := Marks(Head(b), c); got != want {
				t.Fatalf("%q in %q: %x, want %x", c, b, got, want)
			}
		}
	})
}
