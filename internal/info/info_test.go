package info

import (
	"math"
	"strings"
	"testing"
)

// TestHuman has what redis-server 7.0 prints.
func TestHuman(t *testing.T) {
	is := func(n int64, want string) {
		t.Helper()
		if got := Human(n); got != want {
			t.Errorf("%d: got %s, want %s", n, got, want)
		}
	}
	is(0, "0B")
	is(1023, "1023B")
	is(1024, "1.00K")
	is(1015144, "991.35K")
	is(7286784, "6.95M")
	is(25276510208, "23.54G")
	is(3<<40, "3.00T")
	is(5<<50, "5.00P")
	is(5000<<50, "5000.00P")
	is(-512, "-512B")
}

type numbers struct{ n int64 }

func testTable() Table[*numbers] {
	n := func(v *numbers) int64 { return v.n }
	return Table[*numbers]{
		{Name: "one", Title: "One", When: Default | All, Fields: []Field[*numbers]{
			{Name: "count", Kind: Count, Int: n},
			{Name: "size_human", Kind: HumanBytes, Int: n},
			{Name: "hidden", Kind: Count, Int: n, If: func(v *numbers) bool { return v.n > 5000 }},
		}},
		{Name: "two", Title: "Two", When: All, Fields: []Field[*numbers]{
			{Name: "ratio", Kind: Ratio, Float: func(v *numbers) float64 { return 1 / float64(v.n) }},
			{Name: "nan", Kind: Percent, Float: func(*numbers) float64 { return math.NaN() }},
			{Name: "sec", Kind: Seconds, Float: func(*numbers) float64 { return 0.5 }},
			{Name: "word", Kind: Text, Text: func(*numbers) string { return "yes" }},
			{Kind: Lines, Lines: func(_ *numbers, b []byte) []byte { return append(b, "a:1\r\nb:2\r\n"...) }},
		}},
		{Name: "three", Title: "Three", When: Asked, Fields: []Field[*numbers]{{Name: "flag", Kind: Flag, Int: n}}},
	}
}

func TestTable(t *testing.T) {
	const (
		one   = "# One|count:2048|size_human:2.00K|"
		two   = "# Two|ratio:0.00|nan:0.00%|sec:0.500000|word:yes|a:1|b:2|"
		three = "# Three|flag:2048|"
	)
	is := func(want string, names ...string) {
		t.Helper()
		got := strings.ReplaceAll(string(testTable().Append(nil, &numbers{2048}, names...)), "\r\n", "|")
		if got != want {
			t.Errorf("INFO %v: got %q, want %q", names, got, want)
		}
	}
	is(one)
	is(one, "default")
	is(one, "ONE")
	is(two, "two")
	is(one+"|"+two, "two", "one", "two")
	is(one+"|"+two, "all")
	is(one+"|"+two, "everything")
	is(one+"|"+two, "two", "default")
	is(three, "three")
	is(one+"|"+three, "default", "three")
	is("", "nosuch")
	if f := testTable().Find("sec"); f == nil || string(f.AppendValue(nil, &numbers{})) != "0.500000" {
		t.Error("Find does not find sec")
	}
	if testTable().Find("nosuch") != nil {
		t.Error("Find finds what is not there")
	}
	if got := string(testTable().Append(nil, &numbers{9000}, "one")); !strings.Contains(got, "hidden:9000") {
		t.Errorf("a field whose condition holds is missing: %q", got)
	}
}

func TestProcess(t *testing.T) {
	p := ReadProcess()
	parts := p.GoHeapInUse + p.GoHeapIdle + p.GoStacks + p.GoOther
	if p.GoHeapInUse <= 0 || p.GoOther < 0 || parts != p.GoTotal || p.Goroutines < 1 {
		t.Errorf("the parts of the Go runtime do not add up: %+v", p)
	}
	if SystemMemory() > 0 && (p.Resident <= 0 || p.Resident > SystemMemory()) {
		t.Errorf("resident %d of %d", p.Resident, SystemMemory())
	}
	before, _, _ := ReadCPU()
	for x := 0; x < 1e8; x++ {
		_ = x
	}
	if after, _, _ := ReadCPU(); after.User < before.User {
		t.Errorf("processor time went back from %v to %v", before, after)
	}
}

func TestVersionLine(t *testing.T) {
	line := VersionLine()
	for _, want := range []string{" v=" + RedisVersion + " ", " sha=", " malloc=jemalloc", " bits=64", " build="} {
		if !strings.Contains(line, want) {
			t.Errorf("%q is not in %q", want, line)
		}
	}
}
