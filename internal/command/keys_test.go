package command

import (
	"fmt"
	"testing"
)

func TestFindKeys(t *testing.T) {
	is := func(keys []KeySpec, request, want string) {
		t.Helper()
		s := &Spec{Name: "x", Arity: -1, Keys: keys}
		args := words(request)
		found, ok := s.FindKeys(args, nil)
		got := "error"
		if ok {
			got = ""
			for _, k := range found {
				got += string(args[k.Index]) + " "
			}
		}
		if got != want {
			t.Errorf("%v in %q: got %q, want %q", keys, request, got, want)
		}
	}
	one := OneKey(KeyRO)
	is(one, "get a", "a ")
	is(one, "get", "error")
	all := Keys(KeyRO, 1, -1, 1)
	is(all, "del a b c", "a b c ")
	is(all, "del", "error")
	pairs := Keys(KeyOW, 1, -1, 2)
	is(pairs, "mset a 1 b 2", "a b ")
	is(pairs, "mset a 1 b", "a b ")
	is(Keys(KeyRO, 1, -2, 1), "blpop a b 0", "a b ")
	num := []KeySpec{{Flags: KeyRO, Index: 1, KeyNum: true, FirstKey: 1, KeyStep: 1}}
	is(num, "lmpop 2 a b left", "a b ")
	is(num, "lmpop 0 a", "error")
	is(num, "lmpop 3 a b", "error")
	is(num, "lmpop -1 a b", "error")
	is(num, "lmpop x a b", "error")
	streams := []KeySpec{{Flags: KeyRO, Keyword: "STREAMS", StartFrom: 1, LastKey: -1, KeyStep: 1, Limit: 2}}
	is(streams, "xread count 1 streams a b 0 0", "a b ")
	is(streams, "xread streams", "error")
	is(streams, "xread count 1", "error")
	last := []KeySpec{{Flags: KeyRW, Keyword: "KEYS", StartFrom: -2, LastKey: -1, KeyStep: 1}}
	is(last, "migrate h p x 0 1 KEYS a b", "a b ")
	is(append(one, []KeySpec{{Flags: KeyNotKey, Index: 2, KeyStep: 1}}...), "x a b", "a ")
	is([]KeySpec{{Unknown: true}}, "sort a by b", "error")
}

func TestKeyRange(t *testing.T) {
	is := func(keys []KeySpec, want string) {
		t.Helper()
		first, last, step := (&Spec{Keys: keys}).KeyRange()
		if got := fmt.Sprint(first, last, step); got != want {
			t.Errorf("%v: got %s, want %s", keys, got, want)
		}
	}
	is(nil, "0 0 0")
	is(OneKey(KeyRO), "1 1 1")
	is(Keys(KeyOW, 1, -1, 2), "1 -1 2")
	is(append(Keys(KeyRW, 1, 0, 1), Keys(KeyOW, 2, 0, 1)...), "1 2 1")
	is(append(Keys(KeyOW, 2, 0, 1), Keys(KeyRO, 3, -1, 1)...), "2 -1 1")
	is(append(OneKey(KeyOW), KeySpec{Index: 2, KeyNum: true, FirstKey: 1, KeyStep: 1}), "1 1 1")
	is([]KeySpec{{Index: 2, KeyNum: true, FirstKey: 1, KeyStep: 1}}, "0 0 0")
}
