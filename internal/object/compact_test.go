package object

import (
	"math/rand/v2"
	"strings"
	"testing"

	"granary/internal/mem"
)

// TestShrinkRaw grows strings in place and gives the room back: the text stays, and the block is what a new one would be.
func TestShrinkRaw(t *testing.T) {
	a := mem.NewArena("test")
	rng := rand.New(rand.NewPCG(3, 1))
	for range 300 {
		n := rng.IntN(1 << rng.IntN(20))
		want := strings.Repeat("s", n)
		e := NewText(a, []byte("key"), []byte(want), 0, 7, limits)
		for range rng.IntN(3) {
			m := len(want) + rng.IntN(1+len(want))
			e = MakeRaw(a, e, m)
			want += strings.Repeat("\x00", m-len(want))
		}
		before := a.Used()
		spare := e.RawSpare()
		pinned := e.Encoding() == Raw && rng.IntN(4) == 0
		if pinned {
			PinRaw(e.Root())
			if got := ShrinkRaw(a, e); got != 0 {
				t.Fatalf("gave back %d of a string that is being sent", got)
			}
			UnpinRaw(a, e.Root())
		}
		got := ShrinkRaw(a, e)
		if before-a.Used() != got || got != 0 && got != spare || got == 0 && spare > 0 && len(want) <= shrinkByCopy {
			t.Fatalf("%d bytes: gave back %d (books: %d), spare was %d", len(want), got, before-a.Used(), spare)
		}
		sound(t, e, "key", want, 0)
		if left := e.RawSpare(); left != spare-got {
			t.Fatalf("%d left of %d, %d given back", left, spare, got)
		}
		n64, ok := e.Bytes()
		if !ok || n64 != a.Used() {
			t.Fatalf("Bytes says %d, the books %d", n64, a.Used())
		}
		FreeString(a, e)
	}
	empty(t, a)
}
