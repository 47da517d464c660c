package command

import "testing"

// TestNameIndex looks for names, and for some that are nearly the same.
func TestNameIndex(t *testing.T) {
	var x nameIndex
	if x.find([]byte("get")) != nil {
		t.Error("found in an empty index")
	}
	names := []string{"g", "ge", "get", "gets", "getset", "getrange", "getranges", "georadius_ro", "georadius"}
	specs := make([]Spec, len(names))
	for i, name := range names {
		x.add(name, &specs[i])
	}
	for i, name := range names {
		upper := []byte(name)
		for k, c := range upper {
			if c != '_' && k%2 == 0 {
				upper[k] = c - 'a' + 'A'
			}
		}
		if x.find([]byte(name)) != &specs[i] || x.find(upper) != &specs[i] {
			t.Errorf("%q is not found", name)
		}
	}
	for _, name := range []string{"", "G\x00", "get\x00", "georadius\x7fro", "georadius-ro", "getrange ", "\x47ET\x20", "GE\xd4"} {
		if x.find([]byte(name)) != nil {
			t.Errorf("%q is found", name)
		}
	}
	x.remove("get")
	if x.find([]byte("get")) != nil || x.find([]byte("gets")) != &specs[3] {
		t.Error("a name was removed")
	}
}
