package live

import "testing"

// TestNotation pins what a reply looks like in scripts and reports.
func TestNotation(t *testing.T) {
	check := func(raw, want string) {
		t.Helper()
		r, err := Parse([]byte(raw))
		if err != nil {
			t.Errorf("%q: %v", raw, err)
		} else if got := r.String(); got != want {
			t.Errorf("%q: got %q, want %q", raw, got, want)
		}
	}
	check("+OK\r\n", "+OK\n")
	check("-ERR x\r\n", "-ERR x\n")
	check(":-1\r\n", ":-1\n")
	check("$-1\r\n", "nil\n")
	check("_\r\n", "nil\n")
	check("*-1\r\n", "nil-array\n")
	check("$0\r\n\r\n", "\"\"\n")
	check("$4\r\na\"\r\n\r\n", "\"a\\\"\\r\\n\"\n")
	check("*2\r\n:1\r\n*1\r\n$1\r\n\xff\r\n", "*2\n  :1\n  *1\n    \"\\xff\"\n")
	check("%1\r\n+a\r\n#t\r\n", "%1\n  +a\n  #t\n")
	check("=5\r\ntxt:a\r\n", "=txt:\"a\"\n")
	for _, bad := range []string{"", "+OK", "$5\r\nabc\r\n", "*2\r\n:1\r\n", "+OK\r\n+OK\r\n", "$x\r\n"} {
		if r, err := Parse([]byte(bad)); err == nil {
			t.Errorf("%q parsed as %v", bad, r)
		}
	}
}

// TestSorted pins that maps sort by key and keep their values.
func TestSorted(t *testing.T) {
	r, err := Parse([]byte("%2\r\n+b\r\n:1\r\n+a\r\n:2\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := r.Sorted().String(), "%2\n  +a\n  :2\n  +b\n  :1\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
