package config

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

const (
	maxInt  = math.MaxInt32
	minInt  = math.MinInt32
	maxLong = math.MaxInt64
	maxUint = math.MaxUint32
)

// yes/no

type boolKind struct {
	at    func(*Values) *bool
	def   bool
	check func(v *Values, on bool) error // nil: both values are fine
}

func yesNo(at func(*Values) *bool, def bool) Kind { return boolKind{at: at, def: def} }

var errYesNo = errors.New("argument must be 'yes' or 'no'")

func (k boolKind) set(v *Values, words []string) error {
	on := strings.EqualFold(words[0], "yes")
	if !on && !strings.EqualFold(words[0], "no") {
		return errYesNo
	}
	if k.check != nil {
		if err := k.check(v, on); err != nil {
			return err
		}
	}
	*k.at(v) = on
	return nil
}

func (k boolKind) get(v *Values) string { return boolWord(*k.at(v)) }
func (k boolKind) reset(v *Values)      { *k.at(v) = k.def }

func (k boolKind) describe() (kind, allowed string) { return "bool", "yes, no" }

func boolWord(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// numbers

type numberForm uint8

const (
	plainNumber numberForm = iota
	memoryNumber
	percentNumber // a memory size, or a percentage that is kept as a negative number
	octalNumber
)

type numberKind struct {
	at       func(*Values) *int64
	def      int64
	min, max int64
	form     numberForm
	clampMin int64 // smaller values are accepted and raised to this one
	clampMax int64 // larger values are accepted and lowered to this one; 0: no such limit
}

func integer(at func(*Values) *int64, def, lo, hi int64) Kind {
	return numberKind{at: at, def: def, min: lo, max: hi, clampMin: lo}
}

// clamped is an integer of which a middle part of the range is meant and the rest is moved to its ends.
func clamped(at func(*Values) *int64, def, lo, hi, clampLo, clampHi int64) Kind {
	return numberKind{at: at, def: def, min: lo, max: hi, clampMin: clampLo, clampMax: clampHi}
}

func memorySize(at func(*Values) *int64, def, lo, hi int64) Kind {
	return numberKind{at: at, def: def, min: lo, max: hi, clampMin: lo, form: memoryNumber}
}

func (k numberKind) set(v *Values, words []string) error {
	n, err := k.parse(words[0])
	if err != nil {
		return err
	}
	if n < k.min || n > k.max {
		if k.form == octalNumber {
			return errors.New("argument must be between " + strconv.FormatInt(k.min, 8) + " and " +
				strconv.FormatInt(k.max, 8) + " inclusive")
		}
		return errors.New("argument must be between " + strconv.FormatInt(k.min, 10) + " and " +
			strconv.FormatInt(k.max, 10) + " inclusive")
	}
	n = max(n, k.clampMin)
	if k.clampMax != 0 {
		n = min(n, k.clampMax)
	}
	*k.at(v) = n
	return nil
}

var (
	errInteger = errors.New("argument couldn't be parsed into an integer")
	errMemory  = errors.New("argument must be a memory value")
	errPercent = errors.New("argument must be a memory or percent value")
	errOctal   = errors.New("argument couldn't be parsed as an octal number")
	errOver100 = errors.New("percentage argument must be less or equal to 100")
)

func (k numberKind) parse(s string) (int64, error) {
	switch k.form {
	case memoryNumber, percentNumber:
		if n, isPercent := strings.CutSuffix(s, "%"); isPercent && k.form == percentNumber {
			p, ok := parseInt(n)
			if !ok || p < 0 {
				return 0, errPercent
			}
			if p > 100 {
				return 0, errOver100
			}
			return -p, nil
		}
		n, ok := ParseMemory(s)
		switch {
		case !ok && k.form == percentNumber:
			return 0, errPercent
		case !ok:
			return 0, errMemory
		case n > math.MaxInt64 && k.max == maxLong:
			return k.min - 1, nil // out of the range, whatever it is
		}
		return int64(min(n, math.MaxInt64)), nil
	case octalNumber:
		n, err := strconv.ParseInt(s, 8, 64)
		if err != nil {
			return 0, errOctal
		}
		return n, nil
	default:
		n, ok := parseInt(s)
		if !ok {
			return 0, errInteger
		}
		return n, nil
	}
}

func (k numberKind) get(v *Values) string { return k.format(*k.at(v)) }

func (k numberKind) format(n int64) string {
	switch {
	case k.form == percentNumber && n < 0:
		return strconv.FormatInt(-n, 10) + "%"
	case k.form == octalNumber:
		return strconv.FormatInt(n, 8)
	}
	return strconv.FormatInt(n, 10)
}

func (k numberKind) reset(v *Values) { *k.at(v) = k.def }

func (k numberKind) describe() (kind, allowed string) {
	kind = [...]string{"integer", "memory", "memory or percent", "octal"}[k.form]
	if k.form == percentNumber {
		return kind, "0.. or 0%..100%"
	}
	lo, hi := k.min, k.max
	if k.clampMax != 0 {
		lo, hi = k.clampMin, k.clampMax
	} else if k.clampMin > lo {
		lo = k.clampMin
	}
	base := 10
	if k.form == octalNumber {
		base = 8
	}
	allowed = strconv.FormatInt(lo, base) + ".."
	if hi < maxInt {
		allowed += strconv.FormatInt(hi, base)
	}
	if lo == minInt {
		allowed = "any"
	}
	return kind, allowed
}

// words

// A word is one of the values of an enumeration and how it is written.
type word[T ~int] struct {
	name  string
	value T
}

func wordOf[T ~int](words []word[T], value T) string {
	for _, w := range words {
		if w.value == value {
			return w.name
		}
	}
	return "unknown"
}

type enumKind[T ~int] struct {
	at    func(*Values) *T
	def   T
	words []word[T]
	flags bool          // any of the words together
	check func(T) error // nil: everything is fine
}

func enum[T ~int](at func(*Values) *T, def T, words []word[T]) Kind {
	return enumKind[T]{at: at, def: def, words: words}
}

func (k enumKind[T]) set(v *Values, words []string) error {
	var value T
	if len(words) == 0 || (len(words) > 1 && !k.flags) {
		return k.errOneOf()
	}
	for _, s := range words {
		found := false
		for _, w := range k.words {
			if strings.EqualFold(w.name, s) {
				value |= w.value
				found = true
				break
			}
		}
		if !found {
			return k.errOneOf()
		}
	}
	if k.check != nil {
		if err := k.check(value); err != nil {
			return err
		}
	}
	*k.at(v) = value
	return nil
}

func (k enumKind[T]) names() string {
	names := make([]string, len(k.words))
	for i, w := range k.words {
		names[i] = w.name
	}
	return strings.Join(names, ", ")
}

func (k enumKind[T]) errOneOf() error {
	return errors.New("argument(s) must be one of the following: " + k.names())
}

func (k enumKind[T]) get(v *Values) string {
	value := *k.at(v)
	if !k.flags || value == 0 {
		return wordOf(k.words, value) // the first of several names for one value
	}
	var on []string
	for _, w := range k.words {
		if w.value != 0 && value&w.value == w.value {
			on = append(on, w.name)
		}
	}
	return strings.Join(on, " ")
}

func (k enumKind[T]) reset(v *Values) { *k.at(v) = k.def }

func (k enumKind[T]) describe() (kind, allowed string) {
	if k.flags {
		return "words", k.names()
	}
	return "word", k.names()
}

// text

type textKind struct {
	at       func(*Values) *string
	def      string
	optional bool // the empty text is no value: CONFIG REWRITE leaves the line out
	check    func(s string) error
}

// text is a string that is always written as it is; optional is one that may be absent.
func text(at func(*Values) *string, def string) Kind { return textKind{at: at, def: def} }
func optional(at func(*Values) *string) Kind         { return textKind{at: at, optional: true} }

func (k textKind) set(v *Values, words []string) error {
	if k.check != nil {
		if err := k.check(words[0]); err != nil {
			return err
		}
	}
	*k.at(v) = words[0]
	return nil
}

func (k textKind) get(v *Values) string { return *k.at(v) }
func (k textKind) reset(v *Values)      { *k.at(v) = k.def }

func (k textKind) describe() (kind, allowed string) { return "text", "" }
