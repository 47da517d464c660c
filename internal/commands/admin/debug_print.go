package admin

import (
	"bufio"
	"fmt"
	"os"

	"granary/internal/command"
	"granary/internal/encoding/listpack"
	"granary/internal/encoding/quicklist"
	"granary/internal/object"
)

// debugListpack does DEBUG LISTPACK key: it writes a line for each entry of a listpack to the standard output.
func debugListpack(c *command.Ctx) {
	e, ok := look(c)
	if !ok {
		return
	}
	if e.Encoding() != object.Listpack && e.Encoding() != object.ListpackEx {
		c.Out.Error("ERR Not a listpack encoded object.")
		return
	}
	w := bufio.NewWriter(os.Stdout)
	var digits listpack.Scratch
	lp := listpack.Open(e.Flat())
	fmt.Fprintf(w, "listpack of %q: %d bytes, %d entries\n", e.Key(), len(e.Flat()), lp.Len())
	for i, p := 0, lp.First(); p != 0; i, p = i+1, lp.Next(p) {
		v := lp.Get(p)
		fmt.Fprintf(w, "%d: at %d, %d bytes: %q\n", i, p, lp.EntrySize(p), v.Text(&digits))
	}
	w.Flush()
	c.Out.Status("Listpack structure printed on stdout")
}

// debugQuicklist does DEBUG QUICKLIST key [full]: it writes what a large list consists of to the standard output, with its
// elements if full is not 0.
func debugQuicklist(c *command.Ctx) {
	e, ok := look(c)
	if !ok {
		return
	}
	if e.Encoding() != object.Quicklist {
		c.Out.Error("ERR Not a quicklist encoded object.")
		return
	}
	w := bufio.NewWriter(os.Stdout)
	l := quicklist.Open(object.Lists(c.Keys().Arena), e.Root())
	fmt.Fprintf(w, "quicklist of %q: %d elements%s\n", e.Key(), l.Len(), quicklistInfo(&l))
	if len(c.Args) == 4 && isOne(c.Args[3]) {
		var digits listpack.Scratch
		it := l.From(0)
		for ; it.Valid(); it.Next() {
			v := it.Elem()
			fmt.Fprintf(w, "%d: %q\n", it.Index(), v.Text(&digits))
		}
	}
	w.Flush()
	c.Out.Status("Quicklist structure printed on stdout")
}
