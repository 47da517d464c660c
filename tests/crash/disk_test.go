package crash

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestDisk checks what a failure of power leaves.
func TestDisk(t *testing.T) {
	d := NewDisk(1, false)
	file := func(name string) *node {
		n, no := d.make(d.root, name, false)
		if no != 0 {
			t.Fatal(no)
		}
		return n
	}
	text := func(name string) string {
		if n := d.root.names[name]; n != nil {
			return string(n.data)
		}
		return "-"
	}
	a := file("a")
	d.write(a, []byte("one"), -1)
	d.sync(a)
	d.Cut(Nothing)
	if got := text("a"); got != "-" {
		t.Errorf("a file whose name was not synced has %q", got)
	}
	a = file("a")
	d.sync(d.root)
	d.write(a, []byte("one"), -1)
	d.sync(a)
	d.write(a, []byte("two"), -1)
	d.truncate(a, 1)
	d.Cut(Nothing)
	if got := text("a"); got != "one" {
		t.Errorf("a file has %q", got)
	}
	b := file("b")
	d.write(b, []byte("new"), -1)
	d.sync(b)
	d.rename(d.root, "b", d.root, "a")
	d.Cut(Nothing)
	if got := text("a"); got != "one" {
		t.Errorf("behind a rename that was not synced it has %q", got)
	}
	b = file("b")
	d.write(b, []byte("new"), -1)
	d.sync(b)
	d.rename(d.root, "b", d.root, "a")
	d.sync(d.root)
	d.remove(d.root, "a", false)
	d.Cut(Nothing)
	if got := text("a") + text("b"); got != "new-" {
		t.Errorf("behind one that was it has %q", got)
	}
	d.Fail()
	if no := d.write(d.root.names["a"], []byte("x"), -1); no == 0 {
		t.Error("without power it writes")
	}
	d.Cut(All)

	// What may be left of writes that are not synced.
	seen := map[string]bool{}
	for range 3000 {
		for _, r := range []Remains{Prefix, Zeros, Subset} {
			f := d.root.names["a"]
			d.truncate(f, 0)
			d.sync(f)
			d.write(f, []byte("ab"), -1)
			d.write(f, []byte("cd"), -1)
			d.Cut(r)
			seen[r.String()+" "+strings.ReplaceAll(text("a"), "\x00", "0")] = true
		}
	}
	for _, want := range []string{"prefix ", "prefix a", "prefix abc", "prefix abcd", "zeros 000", "zeros a0", "zeros ab00", "subset 00cd", "subset ab", "subset abc"} {
		if !seen[want] {
			t.Errorf("%q never remains", want)
		}
	}
	for got := range seen {
		if strings.HasPrefix(got, "prefix") && !strings.HasPrefix("prefix abcd", got) {
			t.Errorf("%q remains", got)
		}
	}
}

// TestHistory checks that states are found that can be, and none that cannot.
func TestHistory(t *testing.T) {
	h := NewHistory(2)
	at := time.Now()
	l := &h.runs[0].done
	for i := range 4 {
		sent := at.Add(time.Duration(i) * time.Second)
		for w := range 2 {
			(*l)[w].ops = append((*l)[w].ops, op{kind: opHash, n: i + 1})
			(*l)[w].sent = append((*l)[w].sent, sent)
			(*l)[w].acked = append((*l)[w].acked, sent.Add(500*time.Millisecond))
		}
	}
	check := func(floor, got []int, want string) {
		t.Helper()
		_, err := h.find(got, Source{0, floor})
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%v, which must have %v: %v, want %q", got, floor, err, want)
		}
	}
	check([]int{0, 0}, []int{0, 0}, "")
	check([]int{2, 2}, []int{2, 3}, "")
	check([]int{2, 2}, []int{2, 1}, "writer 1 is at op 1, and op 2 must be there")
	check([]int{0, 0}, []int{2, 4}, "of no one moment: op 4 of writer 1")
	check([]int{0, 0}, []int{5, 4}, "writer 0 is at op 5")
	if got := h.ackedBy(at.Add(1600 * time.Millisecond)); !slices.Equal(got, []int{2, 2}) {
		t.Errorf("answered were %v", got)
	}
}

// TestHole checks that zeros in a long string, which a failure of power may leave, are told from any other difference, however deep
// in it they lie.
func TestHole(t *testing.T) {
	whole := newState()
	whole.big = strings.Repeat("12,", 1000)
	for _, c := range []struct {
		text string
		hole bool
	}{
		{whole.big[:2000] + strings.Repeat("\x00", 100) + whole.big[2100:], true},
		{whole.big[:2000] + "x" + whole.big[2001:], false},
	} {
		has := newState()
		has.big = c.text
		var d *difference
		if err := differ(has, whole, 0, 0); !errors.As(err, &d) || d.hole() != c.hole || !strings.Contains(d.Error(), "the first 2004 bytes") {
			t.Errorf("a hole: %v, %v", c.hole, err)
		}
	}
}
