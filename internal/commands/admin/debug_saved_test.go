package admin

import (
	"testing"

	"granary/internal/command/commandtest"
	"granary/internal/types/stream"
)

// TestSavedStream compares with what DEBUG OBJECT of a Redis 8.0 without compression tells of the same stream.
func TestSavedStream(t *testing.T) {
	c := commandtest.New(t, Register)
	it := c.Client.DB.Write([]byte("s"))
	s, err := stream.Create(&it, nil)
	if err != nil {
		t.Fatal(err)
	}
	add := func(ms uint64) {
		t.Helper()
		fields := [][]byte{[]byte("a"), []byte("b")}
		if err := s.Append(stream.ID{Ms: ms, Seq: 1}, fields, stream.Limits{Bytes: 4096, Entries: 100}); err != nil {
			t.Fatal(err)
		}
	}
	is := func(what string, want int) {
		t.Helper()
		it := c.Client.DB.Find([]byte("s"))
		it.Settle()
		if got := savedLen(c.Env.Keys.Arena, it.Entry); got != want {
			t.Errorf("%s: %d bytes, want %d", what, got, want)
		}
	}
	add(1)
	is("one entry", 57)
	g, _ := s.CreateGroup([]byte("g"), stream.MinID, stream.UnknownRead)
	is("a group", 72)
	who, _ := g.CreateConsumer([]byte("c"), 1)
	is("a consumer", 91)
	first := stream.ID{Ms: 1, Seq: 1}
	s.Advance(&g, first)
	g.Assign(first, who, 1, 1)
	is("a pending entry", 124)
	add(99999999999)
	is("an ID that takes eight bytes", 151)
	s.Delete(first)
	is("a deleted entry", 159)
}
