// Package glob matches names against the patterns of KEYS, SCAN, PSUBSCRIBE, ACL rules and CONFIG GET.
//
//	?       one byte
//	*       any bytes, none as well
//	[abc]   one of these bytes; [^abc] one other than these; [a-z] one of a range, either end first
//	\x      the byte x, with no special meaning
//
// Patterns are bytes, not characters of any encoding. Oddities are Redis's, because users have patterns that count on
// them: "[ab" is "[ab]", a backslash at the end is a backslash, a letter with a backslash inside a set keeps its case
// even where case is folded, and the empty name is matched by "" and "*" but not by "**".
package glob

const maxStars = 1000

// Match reports whether the whole of s matches pattern. With nocase the letters A to Z are equal to a to z.
//
// It takes at most len(pattern)*len(s) steps: only the last star that was met can usefully take more bytes, because
// everything before it has matched already. So a mismatch goes back to that star and nowhere else, and no pattern
// is exponential.
//
// A pattern with more than maxStars stars before its last element matches nothing, as in Redis, whose matcher calls
// itself for every star.
func Match(pattern, s []byte, nocase bool) bool {
	if len(s) == 0 {
		return len(pattern) == 0 || len(pattern) == 1 && pattern[0] == '*'
	}
	p, i := 0, 0
	star, resume := -1, 0 // position behind the last star; where its next attempt starts in s
	stars := 0
	for {
		if p == len(pattern) {
			if i == len(s) {
				return true
			}
		} else if pattern[p] == '*' {
			for p < len(pattern) && pattern[p] == '*' {
				p++
			}
			if p == len(pattern) {
				return true
			}
			if stars++; stars > maxStars {
				return false
			}
			star, resume = p, i
			continue
		} else if i < len(s) {
			if next, ok := matchOne(pattern, p, s[i], nocase); ok {
				p, i = next, i+1
				continue
			}
		}
		// Mismatch: the star takes one byte more.
		if star < 0 || resume >= len(s) {
			return false
		}
		resume++
		p, i = star, resume
	}
}

// matchOne matches the element of the pattern at p, which is not a star, with one byte. It returns the position of
// the next element.
func matchOne(pattern []byte, p int, c byte, nocase bool) (next int, ok bool) {
	switch pattern[p] {
	case '?':
		return p + 1, true
	case '[':
		return matchSet(pattern, p+1, c, nocase)
	case '\\':
		if p+1 < len(pattern) {
			p++
		}
	}
	return p + 1, pattern[p] == c || nocase && lower(pattern[p]) == lower(c)
}

// matchSet matches the set whose first byte behind the bracket is at p.
func matchSet(pattern []byte, p int, c byte, nocase bool) (next int, ok bool) {
	not := p < len(pattern) && pattern[p] == '^'
	if not {
		p++
	}
	for ; p < len(pattern) && pattern[p] != ']'; p++ {
		if pattern[p] == '\\' && p+1 < len(pattern) {
			p++
			ok = ok || pattern[p] == c // in its own case, always
			continue
		}
		lo, hi := pattern[p], pattern[p]
		if p+2 < len(pattern) && pattern[p+1] == '-' {
			hi = pattern[p+2]
			p += 2
			if lo > hi {
				lo, hi = hi, lo
			}
		}
		if nocase {
			ok = ok || lower(c) >= lower(lo) && lower(c) <= lower(hi)
		} else {
			ok = ok || c >= lo && c <= hi
		}
	}
	if p < len(pattern) {
		p++
	}
	return p, ok != not
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// Literal reports whether the pattern has no special bytes, so that it matches itself only.
func Literal(pattern []byte) bool {
	for _, c := range pattern {
		if c == '*' || c == '?' || c == '[' || c == '\\' {
			return false
		}
	}
	return true
}
