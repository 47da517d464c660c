package compat

import (
	"strings"

	"granary/tests/live"
)

// Transactions. Now and then a history has a whole one: MULTI, a few commands, and EXEC, whose reply is compared element by
// element, each as its command says. WATCH, and what has no MULTI before it, come as rows; the client's own commands change
// what it watches.

var transactionRows = []row{
	{6, "WATCH (key|num|lst|hash|set|zset|strm)...", exact},
	{1, "UNWATCH", exact},
	{1, "(EXEC|DISCARD)", exact},
}

const (
	transactionEvery = 60 // commands and transactions, one of which is a transaction
	transactionMost  = 8  // commands in one
)

// queueable reports whether a row may be part of a transaction: those may not that redis-server does not know, that set
// limits (a transaction that fails would not set them) or ask how a value is kept (Redis counts the queue as a reference), and HyperLogLogs, for one of whose
// errors the rest of a history is not compared.
func queueable(r *row) bool {
	if r.by == notRedis {
		return false
	}
	for _, prefix := range []string{limitRows[0].line, "OBJECT", "DEBUG", "PF", "SORT", "EXEC", "(EXEC", "XINFO", "INFO"} {
		if strings.HasPrefix(r.line, prefix) {
			return false
		}
	}
	return true
}

// transaction appends one.
func (w *weighted) transaction(g *generator, out []command) []command {
	out = append(out, newCommand(exact, "MULTI"))
	for range g.rng.IntN(transactionMost + 1) {
		i := w.draw[g.rng.IntN(len(w.draw))]
		if !queueable(&w.rows[i]) {
			continue
		}
		g.flat, g.ends = g.flat[:0], g.ends[:0]
		g.emit(&w.trees[i])
		if g.rng.IntN(100) == 0 && !random(w.rows[i].line) {
			g.spoil(false) // it may make EXEC fail
		}
		out = append(out, command{raw: g.appendRESP(nil), by: w.rows[i].by})
	}
	if g.rng.IntN(12) == 0 {
		return append(out, newCommand(exact, "DISCARD"))
	}
	return append(out, newCommand(each, "EXEC"))
}

// queued returns what is between the EXEC at this place of a history and the MULTI before it, but what MULTI does not queue.
func queued(history []command, exec int) []command {
	from := exec
	for from > 0 && !is(history[from-1].args(), "MULTI") {
		from--
	}
	var list []command
	for _, c := range history[from:exec] {
		if !is(c.args(), "WATCH") {
			list = append(list, c)
		}
	}
	return list
}

// sameEach compares the replies to an EXEC.
func (p *pair) sameEach(at int, redis, granary live.Reply) bool {
	list := queued(p.history, at)
	if len(redis.Elems) != len(granary.Elems) || len(list) != len(redis.Elems) || redis.Null || granary.Null {
		return redis.String() == granary.String()
	}
	for i, c := range list {
		r, g := redis.Elems[i], granary.Elems[i]
		if r.String() != g.String() && !alike(c.by, r, g) && !known(c.args(), r, g, &p.facts) {
			return false
		}
	}
	return true
}
