package config

import (
	"os"
	"strings"
)

// SetContext is what CONFIG SET must know about the moment and the client.
type SetContext struct {
	Local   bool // the client is on this machine
	Loading bool // a data set is being loaded
}

// A SetError is the reply of a CONFIG SET that failed, with its code, without the leading minus.
type SetError struct {
	text string
}

func (e *SetError) Error() string { return e.text }

func setFailed(name, why string) *SetError {
	return &SetError{"ERR CONFIG SET failed (possibly related to argument '" + name + "') - " + why}
}

// Set does CONFIG SET: all pairs or none.
//
// The pairs are parsed into a copy of the values; if all are good the copy takes the place of the values and the
// hooks of what has changed are called. If one of them fails the old values come back and the hooks are
// called again with those. The error, if any, is a *SetError.
func (c *Config) Set(pairs []Pair, ctx SetContext) error {
	directives, err := c.settable(pairs, ctx)
	if err != nil {
		return err
	}
	old, next := c.Values, c.Values
	changed := map[string]string{} // directive: the name it was set by
	for i, d := range directives {
		before, name := d.Kind.get(&next), strings.ToLower(pairs[i].Name)
		if err := d.Kind.set(&next, d.words(pairs[i].Value)); err != nil {
			return setFailed(name, err.Error())
		}
		if d.Flags&Volatile != 0 || d.Kind.get(&next) != before {
			changed[d.Name] = name
		}
	}
	c.Values = next
	called, culprit, err := c.apply(changed, old.Dir)
	if err == nil {
		return nil
	}
	c.Values = old
	if old.Dir != next.Dir {
		// The old directory may be gone; relative paths then stay where they are, and the error tells of the change.
		os.Chdir(old.Dir)
	}
	for _, h := range called {
		h.fn() // the old value was good before
	}
	return setFailed(culprit, err.Error())
}

// settable finds the rows of the pairs and refuses what must not be set. The first mistake is the one that is told.
func (c *Config) settable(pairs []Pair, ctx SetContext) ([]*Directive, error) {
	directives := make([]*Directive, len(pairs))
	seen := make(map[string]bool, len(pairs))
	for i, p := range pairs {
		d := Lookup(p.Name)
		if d == nil {
			return nil, &SetError{"ERR Unknown option or number of arguments for CONFIG SET - '" + p.Name + "'"}
		}
		name := strings.ToLower(p.Name)
		switch {
		case d.Flags&Immutable != 0:
			return nil, setFailed(p.Name, "can't set immutable config")
		case d.Flags&Protected != 0 && !c.EnableProtectedConfigs.Allows(ctx.Local):
			return nil, setFailed(p.Name, "can't set protected config")
		case d.Flags&DenyLoading != 0 && ctx.Loading:
			return nil, &SetError{"LOADING Redis is loading the dataset in memory"}
		case seen[name]:
			return nil, setFailed(p.Name, "duplicate parameter")
		}
		seen[name] = true
		directives[i] = d
	}
	return directives, nil
}

// Allows reports whether a client may, local being one on this machine.
func (a Access) Allows(local bool) bool { return a == AccessYes || a == AccessLocal && local }

// apply makes what has changed take effect. It returns the hooks that were called, the last one being that which
// failed, and the name of a directive that is likely to be the reason.
func (c *Config) apply(changed map[string]string, oldDir string) (called []hook, culprit string, err error) {
	if name, ok := changed["dir"]; ok && c.Dir != oldDir {
		if err := os.Chdir(c.Dir); err != nil {
			return nil, name, reason(err)
		}
	}
	for _, h := range c.hooks {
		for _, n := range h.names {
			name, ok := changed[n]
			if !ok {
				continue
			}
			called = append(called, h)
			if err := h.fn(); err != nil {
				return called, name, err
			}
			break
		}
	}
	return called, "", nil
}

// words cuts the value of a CONFIG SET as the directive wants it.
func (d *Directive) words(value string) []string {
	if d.Flags&MultiArg == 0 {
		return []string{value}
	}
	if value == "" {
		return nil
	}
	return strings.Split(value, " ")
}

// IsSensitive reports whether the value of a directive must not be shown in logs.
func IsSensitive(name string) bool {
	d := Lookup(name)
	return d != nil && d.Flags&Sensitive != 0
}
