package hashes

import (
	"strconv"

	"granary/internal/command"
	"granary/internal/object"
	"granary/internal/types/hash"
)

const (
	errNoFields    = "ERR Mandatory argument FIELDS is missing or not at the right position"
	errNumFields   = "ERR Number of fields must be a positive integer"
	errNumMismatch = "ERR The `numfields` parameter must match the number of arguments"
	errNegative    = "ERR invalid expire time, must be >= 0"

	noField = -2 // what is answered for a field that does not exist
)

// argFields is FIELDS numfields field [field ...].
var argFields = command.Arg{Name: "fields", Token: "FIELDS", Type: command.ArgBlock, Args: []command.Arg{
	{Name: "numfields", Type: command.ArgInteger},
	{Name: "field", Flags: command.Multiple},
}}

// fields reads FIELDS numfields field ..., which args consist of, and answers an error when they are none.
func fields(c *command.Ctx, args [][]byte, errNumber string) ([][]byte, bool) {
	if len(args) < 2 || !command.Is(args[0], "fields") {
		c.Out.Error(errNoFields)
		return nil, false
	}
	n, ok := count(args[1])
	if !ok {
		c.Out.Error(errNumber)
		return nil, false
	}
	if n != int64(len(args)-2) {
		c.Out.Error(errNumMismatch)
		return nil, false
	}
	return args[2:], true
}

// fieldTime turns a time argument in units of so many ms, counted from base, into a Unix time in ms, and answers an error
// when it is none that a field can have.
func fieldTime(c *command.Ctx, arg []byte, base, unit int64) (int64, bool) {
	at, ok := c.Int(arg)
	if !ok {
		return 0, false
	}
	if at < 0 {
		c.Out.Error(errNegative)
		return 0, false
	}
	if at > hash.MaxExpiry/unit || at*unit > hash.MaxExpiry-base {
		c.Out.Errorf(command.ErrInvalidExpire, c.Spec.Full)
		return 0, false
	}
	return at*unit + base, true
}

// fieldsEffect returns a command to repeat elsewhere: name key [at] FIELDS n field ...
func fieldsEffect(name string, key []byte, at int64, fields [][]byte) [][]byte {
	args := make([][]byte, 0, 5+len(fields))
	args = append(args, []byte(name), key)
	if at != 0 {
		args = append(args, appendInt(nil, at))
	}
	args = append(args, []byte("FIELDS"), appendInt(nil, int64(len(fields))))
	return append(args, fields...)
}

// hdelEffect returns the HDEL of fields.
func hdelEffect(key []byte, fields [][]byte) [][]byte {
	return append([][]byte{[]byte("HDEL"), key}, fields...)
}

func appendInt(dst []byte, n int64) []byte { return strconv.AppendInt(dst, n, 10) }

// count reads a number of fields, which is positive.
func count(arg []byte) (int64, bool) {
	n, ok := object.ParseInt(arg)
	return n, ok && n > 0
}
