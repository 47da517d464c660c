package scripting

import (
	"crypto/sha1"

	"granary/internal/command"
	"granary/internal/object"
)

const (
	errNoScript = "NOSCRIPT No matching script. Please use EVAL."
	errKeysNeg  = "ERR Number of keys can't be negative"
	errKeysMany = "ERR Number of keys can't be greater than number of args"
)

// cmdEval answers EVAL script numkeys [key ...] [arg ...].
func cmdEval(c *command.Ctx) { evalSource(c, false) }

// cmdEvalRO answers EVAL_RO.
func cmdEvalRO(c *command.Ctx) { evalSource(c, true) }

// cmdEvalSHA answers EVALSHA sha1 numkeys [key ...] [arg ...].
func cmdEvalSHA(c *command.Ctx) { evalDigest(c, false) }

// cmdEvalSHARO answers EVALSHA_RO.
func cmdEvalSHARO(c *command.Ctx) { evalDigest(c, true) }

// numKeys reads the number of keys, and answers an error if it is not one.
func numKeys(c *command.Ctx, notNumber string) (n int, ok bool) {
	v, ok := object.ParseInt(c.Args[2])
	switch {
	case !ok:
		c.Out.Error(notNumber)
	case v > int64(len(c.Args)-3):
		c.Out.Error(errKeysMany)
	case v < 0:
		c.Out.Error(errKeysNeg)
	default:
		return int(v), true
	}
	return 0, false
}

func evalSource(c *command.Ctx, readOnly bool) {
	c.Show()
	n, ok := numKeys(c, command.ErrNotInteger)
	if !ok {
		return
	}
	e := engineOf(c.Env)
	d := digest(sha1.Sum(c.Args[1]))
	s := e.scripts.find(d)
	if s == nil {
		var failure string
		if s, failure = e.scripts.add(d, c.Args[1], false); s == nil {
			c.Out.Error(failure)
			return
		}
	}
	e.eval(c, s, n, readOnly)
}

func evalDigest(c *command.Ctx, readOnly bool) {
	c.Show()
	d, ok := parseDigest(c.Args[1])
	if !ok {
		c.Out.Error(errNoScript)
		return
	}
	n, ok := numKeys(c, command.ErrNotInteger)
	if !ok {
		return
	}
	e := engineOf(c.Env)
	s := e.scripts.find(d)
	if s == nil {
		c.Out.Error(errNoScript)
		return
	}
	e.eval(c, s, n, readOnly)
}

// eval runs a script.
func (e *engine) eval(c *command.Ctx, s *cached, keys int, readOnly bool) {
	e.execute(c, subject{fn: s.fn, flags: s.flags, name: "", digest: s.digest}, keys, readOnly)
}
