package mem

import (
	"math/rand/v2"
	"testing"
)

// TestSlotSet compares the set with a plain one while it grows through three levels.
func TestSlotSet(t *testing.T) {
	var s slotSet
	rnd := rand.New(rand.NewPCG(4, 4))
	var in []bool
	low := 0 // nothing below is in the set
	for step := range 40000 {
		if step%4 == 0 {
			in = append(in, false)
			s.grow(len(in))
		}
		i := rnd.IntN(len(in))
		if in[i] {
			s.remove(uint32(i))
		} else {
			s.add(uint32(i))
			low = min(low, i)
		}
		in[i] = !in[i]
		if s.has(uint32(i)) != in[i] {
			t.Fatalf("step %d: has(%d) is %v", step, i, !in[i])
		}
		for low < len(in)-1 && !in[low] {
			low++
		}
		if s.count > 0 && s.first() != uint32(low) {
			t.Fatalf("step %d: first is %d, want %d", step, s.first(), low)
		}
		if step%5000 == 0 {
			s.check("test")
		}
	}
	if s.depth != 3 {
		t.Errorf("%d slots take %d levels", len(in), s.depth)
	}
}
