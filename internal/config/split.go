package config

import "strconv"

// SplitArgs cuts a line into words the way configuration files, inline commands and redis-cli do.
//
// Blanks separate words. Inside "double quotes" \n \r \t \a \b and \xHH stand for bytes and a backslash makes the next
// byte plain; inside 'single quotes' only \' is special. A closing quote must be followed by a blank or the end.
// ok is false if the quotes do not balance.
func SplitArgs(line string) (words []string, ok bool) {
	i := 0
	for {
		for i < len(line) && isBlank(line[i]) {
			i++
		}
		if i == len(line) {
			return words, true
		}
		var word []byte
		word, i, ok = splitWord(line, i)
		if !ok {
			return nil, false
		}
		words = append(words, string(word))
	}
}

// splitWord reads the word that starts at i and returns the position behind it.
func splitWord(line string, i int) (word []byte, next int, ok bool) {
	for i < len(line) && !isBlank(line[i]) {
		switch line[i] {
		case '"':
			if word, i, ok = splitQuoted(line, i+1, word); !ok {
				return nil, 0, false
			}
			return word, i, true
		case '\'':
			if word, i, ok = splitSingle(line, i+1, word); !ok {
				return nil, 0, false
			}
			return word, i, true
		default:
			word = append(word, line[i])
			i++
		}
	}
	return word, i, true
}

func splitQuoted(line string, i int, word []byte) (_ []byte, next int, ok bool) {
	for ; i < len(line); i++ {
		c := line[i]
		switch {
		case c == '\\' && i+3 < len(line) && line[i+1] == 'x' && isHex(line[i+2]) && isHex(line[i+3]):
			word = append(word, hexValue(line[i+2])<<4|hexValue(line[i+3]))
			i += 3
		case c == '\\' && i+1 < len(line):
			i++
			word = append(word, unescape(line[i]))
		case c == '"':
			return word, i + 1, i+1 == len(line) || isBlank(line[i+1])
		default:
			word = append(word, c)
		}
	}
	return nil, 0, false
}

func splitSingle(line string, i int, word []byte) (_ []byte, next int, ok bool) {
	for ; i < len(line); i++ {
		c := line[i]
		switch {
		case c == '\\' && i+1 < len(line) && line[i+1] == '\'':
			word = append(word, '\'')
			i++
		case c == '\'':
			return word, i + 1, i+1 == len(line) || isBlank(line[i+1])
		default:
			word = append(word, c)
		}
	}
	return nil, 0, false
}

func unescape(c byte) byte {
	switch c {
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	case 'b':
		return '\b'
	case 'a':
		return '\a'
	}
	return c
}

func isBlank(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

func hexValue(c byte) byte {
	switch {
	case c >= 'a':
		return c - 'a' + 10
	case c >= 'A':
		return c - 'A' + 10
	}
	return c - '0'
}

// AppendQuoted appends s in double quotes, so that SplitArgs reads it back: what is not printable ASCII becomes
// an escape.
func AppendQuoted(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i := range len(s) {
		c := s[i]
		switch c {
		case '\\', '"':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, `\n`...)
		case '\r':
			dst = append(dst, `\r`...)
		case '\t':
			dst = append(dst, `\t`...)
		case '\a':
			dst = append(dst, `\a`...)
		case '\b':
			dst = append(dst, `\b`...)
		default:
			if c >= ' ' && c <= '~' {
				dst = append(dst, c)
				continue
			}
			dst = append(dst, '\\', 'x')
			if c < 16 {
				dst = append(dst, '0')
			}
			dst = strconv.AppendUint(dst, uint64(c), 16)
		}
	}
	return append(dst, '"')
}

func quoted(s string) string { return string(AppendQuoted(nil, s)) }
