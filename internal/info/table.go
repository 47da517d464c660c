package info

import (
	"math"
	"strconv"
	"strings"
)

// Kind says what a field's value is and how it is printed.
type Kind uint8

// The kinds.
const (
	Count      Kind = iota // an integer
	Bytes                  // an integer, bytes
	HumanBytes             // bytes as 1.05M
	Flag                   // 0 or 1
	Ratio                  // two decimals
	Percent                // two decimals and %
	Seconds                // six decimals
	Text                   // a word
	Lines                  // any number of whole lines
)

// Field is a row of the table. Exactly one of the functions is set, the one its kind calls for.
type Field[V any] struct {
	Name  string
	Kind  Kind
	Int   func(V) int64                // Count, Bytes, HumanBytes, Flag
	Float func(V) float64              // Ratio, Percent, Seconds
	Text  func(V) string               // Text
	Lines func(v V, dst []byte) []byte // Lines
	If    func(V) bool                 // nil: always shown
}

// Section is a group of fields under one heading.
type Section[V any] struct {
	Name   string // as a client asks for it
	Title  string // as printed
	When   When
	Fields []Field[V]
}

// When says which of the collective names a section belongs to, besides "everything".
type When uint8

// The collective names.
const (
	Default When = 1 << iota // INFO without arguments, and "default"
	All                      // "all"
	Asked   When = 0         // only by its own name
)

// Table is all sections in the order in which they are printed.
type Table[V any] []Section[V]

// Append appends the sections that are asked for, in the order of the table. No name means default; unknown names are
// passed over. A section is printed once however often it is asked for.
func (t Table[V]) Append(dst []byte, v V, names ...string) []byte {
	var want When
	everything := false
	if len(names) == 0 {
		want = Default
	}
	for _, n := range names {
		switch strings.ToLower(n) {
		case "default":
			want |= Default
		case "all":
			want |= All
		case "everything":
			everything = true
		}
	}
	first := true
	for i := range t {
		s := &t[i]
		if s.When&want == 0 && !(everything && s.When != Asked) && !asked(s.Name, names) {
			continue
		}
		if !first {
			dst = append(dst, "\r\n"...)
		}
		first = false
		dst = s.append(dst, v)
	}
	return dst
}

func asked(section string, names []string) bool {
	for _, n := range names {
		if strings.EqualFold(n, section) {
			return true
		}
	}
	return false
}

func (s *Section[V]) append(dst []byte, v V) []byte {
	dst = append(dst, "# "...)
	dst = append(dst, s.Title...)
	dst = append(dst, "\r\n"...)
	for i := range s.Fields {
		dst = s.Fields[i].append(dst, v)
	}
	return dst
}

func (f *Field[V]) append(dst []byte, v V) []byte {
	if f.If != nil && !f.If(v) {
		return dst
	}
	if f.Kind == Lines {
		return f.Lines(v, dst)
	}
	dst = append(dst, f.Name...)
	dst = append(dst, ':')
	dst = f.AppendValue(dst, v)
	return append(dst, "\r\n"...)
}

// AppendValue appends the value alone. REQUIRES: the kind is not Lines.
func (f *Field[V]) AppendValue(dst []byte, v V) []byte {
	switch f.Kind {
	case Count, Bytes, Flag:
		return strconv.AppendInt(dst, f.Int(v), 10)
	case HumanBytes:
		return AppendHuman(dst, f.Int(v))
	case Ratio:
		return strconv.AppendFloat(dst, finite(f.Float(v)), 'f', 2, 64)
	case Percent:
		return append(strconv.AppendFloat(dst, finite(f.Float(v)), 'f', 2, 64), '%')
	case Seconds:
		return strconv.AppendFloat(dst, finite(f.Float(v)), 'f', 6, 64)
	case Text:
		return append(dst, f.Text(v)...)
	}
	panic("BUG: info: field " + f.Name + " has no value")
}

// finite makes 0 of a division by zero.
func finite(v float64) float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return 0
	}
	return v
}

// Find returns a field by name, nil if there is none.
func (t Table[V]) Find(name string) *Field[V] {
	for i := range t {
		for k := range t[i].Fields {
			if t[i].Fields[k].Name == name {
				return &t[i].Fields[k]
			}
		}
	}
	return nil
}
