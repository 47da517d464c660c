package command

import "testing"

func TestCursor(t *testing.T) {
	check := func(arg string, want uint64, ok bool) {
		t.Helper()
		if n, got := parseCursor([]byte(arg)); got != ok || ok && n != want {
			t.Errorf("cursor %q: %d, %v", arg, n, got)
		}
	}
	check("0", 0, true)
	check("", 0, true)
	check("+12", 12, true)
	check("-1", 1<<64-1, true)
	check("007", 7, true)
	check("18446744073709551615", 1<<64-1, true)
	check("18446744073709551616", 0, false)
	check("\x00x", 0, true)
	check("12\x00x", 12, true)
	check(" 1", 0, false)
	check("1 ", 0, false)
	check("-", 0, false)
	check("+", 0, false)
	check("+-1", 0, false)
	check("1_000", 0, false)
	check("0x1", 0, false)
}
