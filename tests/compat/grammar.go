package compat

import (
	"fmt"
	"strings"
)

// A line of commands.go is a sequence of these:
//
//	SET          an upper-case word (or number) stands for itself
//	key          a lower-case word is a generator of arguments.go
//	(a b|c)      one of the alternatives
//	[a|b]        one of them, or nothing
//	{a|b|c}      any number of them, in any order: options as clients may give them, sensible or not
//	x...         x, one to four times
//
// node is one element of the parsed line.
type node struct {
	kind     nodeKind
	text     string
	generate func(*generator)
	children []node
	repeat   bool
}

type nodeKind uint8

const (
	literal nodeKind = iota
	argument
	sequence
	oneOf
	optional
	anyOf
)

func parseLine(line string) (node, error) {
	for _, c := range "()[]{}|" {
		line = strings.ReplaceAll(line, string(c), " "+string(c)+" ")
	}
	p := &lineParser{words: strings.Fields(strings.ReplaceAll(line, "...", " ... "))}
	n, err := p.alternatives("")
	if err == nil && p.at < len(p.words) {
		err = fmt.Errorf("%q is one too many", p.words[p.at])
	}
	if err != nil {
		return n, fmt.Errorf("grammar line %q: %w", line, err)
	}
	return n, nil
}

type lineParser struct {
	words []string
	at    int
}

// alternatives parses sequences separated by | up to the closing word.
func (p *lineParser) alternatives(closing string) (node, error) {
	all := node{kind: oneOf}
	seq := node{kind: sequence}
	for p.at < len(p.words) {
		w := p.words[p.at]
		p.at++
		switch w {
		case closing:
			all.children = append(all.children, seq)
			return all, nil
		case "|":
			all.children = append(all.children, seq)
			seq = node{kind: sequence}
		case "...":
			if len(seq.children) == 0 {
				return all, fmt.Errorf("... after nothing")
			}
			seq.children[len(seq.children)-1].repeat = true
		case "(", "[", "{":
			n, err := p.alternatives(map[string]string{"(": ")", "[": "]", "{": "}"}[w])
			if err != nil {
				return all, err
			}
			n.kind = map[string]nodeKind{"(": oneOf, "[": optional, "{": anyOf}[w]
			seq.children = append(seq.children, n)
		default:
			n := node{kind: literal, text: w}
			if w == strings.ToLower(w) && (w[0] >= 'a' && w[0] <= 'z') {
				n.kind, n.generate = argument, arguments[w]
				if n.generate == nil {
					return all, fmt.Errorf("no generator %q", w)
				}
			}
			seq.children = append(seq.children, n)
		}
	}
	if closing != "" {
		return all, fmt.Errorf("%q is missing", closing)
	}
	all.children = append(all.children, seq)
	return all, nil
}

// emit appends arguments made from n.
func (g *generator) emit(n *node) {
	times := 1
	if n.repeat {
		times += g.small(3) * g.small(2)
	}
	for ; times > 0; times-- {
		switch n.kind {
		case literal:
			g.keyword(n.text)
		case argument:
			n.generate(g)
		case sequence:
			for i := range n.children {
				g.emit(&n.children[i])
			}
		case oneOf:
			g.emit(&n.children[g.rng.IntN(len(n.children))])
		case optional:
			if g.rng.IntN(2) == 0 {
				g.emit(&n.children[g.rng.IntN(len(n.children))])
			}
		case anyOf:
			// Mostly one option or none: most pairs exclude each other, and errors alone test little.
			for range []int{0, 1, 1, 1, 2, 2, 3, 4}[g.rng.IntN(8)] {
				g.emit(&n.children[g.rng.IntN(len(n.children))])
			}
		}
	}
}
