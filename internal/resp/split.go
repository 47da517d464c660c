package resp

// SplitArgs appends the words of line to dst, as an inline request and a
// configuration file are split. Words are separated by white space; within
// double quotes there are the escapes \n \r \t \b \a and \xff, any other
// character after a backslash stands for itself; within single quotes there is
// only \'. A closing quote must be followed by white space or the end. Reports
// false if the quotes are not balanced.
//
// Words are slices of line. Where quotes or escapes have to go, the word is
// written over itself, so line must be the caller's to change and is to be
// split once.
func SplitArgs(dst [][]byte, line []byte) ([][]byte, bool) {
	i := 0
	for {
		for i < len(line) && isSpace(line[i]) {
			i++
		}
		if i == len(line) || line[i] == 0 {
			return dst, true
		}
		start, end := i, i // the word is line[start:end]
		for i < len(line) && !endsWord(line[i]) {
			var ok bool
			switch line[i] {
			case '"':
				i, end, ok = unquoteDouble(line, i+1, end)
			case '\'':
				i, end, ok = unquoteSingle(line, i+1, end)
			default:
				line[end] = line[i]
				i++
				end++
				continue
			}
			if !ok {
				return dst, false
			}
			break
		}
		dst = append(dst, line[start:end:end])
	}
}

// unquoteDouble moves what stands between i and the closing double quote to
// end. It returns the offset behind the quote and the new end.
func unquoteDouble(line []byte, i, end int) (next, newEnd int, ok bool) {
	for i < len(line) && line[i] != 0 {
		c := line[i]
		switch {
		case c == '\\' && i+3 < len(line) && line[i+1] == 'x' && hex(line[i+2]) >= 0 && hex(line[i+3]) >= 0:
			c = byte(hex(line[i+2])<<4 | hex(line[i+3]))
			i += 4
		case c == '\\' && i+1 < len(line):
			c = unescape(line[i+1])
			i += 2
		case c == '"':
			i++
			return i, end, i == len(line) || line[i] == 0 || isSpace(line[i])
		default:
			i++
		}
		line[end] = c
		end++
	}
	return i, end, false
}

// unquoteSingle is unquoteDouble for single quotes.
func unquoteSingle(line []byte, i, end int) (next, newEnd int, ok bool) {
	for i < len(line) && line[i] != 0 {
		c := line[i]
		switch {
		case c == '\\' && i+1 < len(line) && line[i+1] == '\'':
			c = '\''
			i += 2
		case c == '\'':
			i++
			return i, end, i == len(line) || line[i] == 0 || isSpace(line[i])
		default:
			i++
		}
		line[end] = c
		end++
	}
	return i, end, false
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

// isSpace is C's isspace.
func isSpace(c byte) bool { return c == ' ' || (c >= '\t' && c <= '\r') }

// endsWord reports whether c ends a word outside of quotes.
func endsWord(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == 0 }

func hex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
