package stream

import "testing"

func TestParseID(t *testing.T) {
	is := func(text string, want ID, auto, ok bool) {
		t.Helper()
		id, a, o := ParseID([]byte(text), 9)
		if o != ok || o && (id != want || a != auto) {
			t.Errorf("%q: %v %v %v, want %v %v %v", text, id, a, o, want, auto, ok)
		}
	}
	is("5", ID{Ms: 5, Seq: 9}, false, true)
	is("5-1", ID{Ms: 5, Seq: 1}, false, true)
	is("5-*", ID{Ms: 5, Seq: 0}, true, true)
	is("007-+5", ID{Ms: 7, Seq: 5}, false, true)
	is("18446744073709551615-18446744073709551615", MaxID, false, true)
	is("18446744073709551616", ID{}, false, false)
	is("", ID{}, false, false)
	is("-", ID{}, false, false)
	is("1--5", ID{}, false, false)
	is("x", ID{}, false, false)
	is("5-", ID{}, false, false)
}

func TestParseBound(t *testing.T) {
	is := func(text string, want ID, exclusive, ok bool) {
		t.Helper()
		id, e, o := ParseBound([]byte(text), 3)
		if o != ok || o && (id != want || e != exclusive) {
			t.Errorf("%q: %v %v %v, want %v %v %v", text, id, e, o, want, exclusive, ok)
		}
	}
	is("-", MinID, false, true)
	is("+", MaxID, false, true)
	is("(7", ID{Ms: 7, Seq: 3}, true, true)
	is("(-", ID{}, true, false)
	is("7-*", ID{}, false, false)
}

// FuzzParseID reads IDs and ends of ranges: what is read back from its text is the same.
func FuzzParseID(f *testing.F) {
	for _, text := range []string{"1-2", "18446744073709551615-18446744073709551615", "5-*", "*", "(1-0", "-", "+", "00-1", "1-", "-1", "1-2\x00x"} {
		f.Add([]byte(text), uint64(7))
	}
	f.Fuzz(func(t *testing.T, text []byte, missing uint64) {
		id, auto, ok := ParseID(text, missing)
		if strict, yes := ParseStrict(text, missing); yes != (ok && !auto) || yes && strict != id {
			t.Fatalf("%q: %v, %v; strictly %v, %v", text, id, ok, strict, yes)
		}
		if ok && !auto {
			if again, auto, ok := ParseID(AppendID(nil, id), 0); !ok || auto || again != id {
				t.Fatalf("%q is %v, and its text %v", text, id, again)
			}
			if bound, exclusive, ok := ParseBound(text, missing); !ok || exclusive || bound != id {
				t.Fatalf("%q is %v, as an end %v, %v, %v", text, id, bound, exclusive, ok)
			}
		}
		ParseBound(text, missing)
	})
}
