package command

import (
	"strings"
	"testing"

	"granary/internal/mem"
)

// TestReprLen compares the length that is told with what is made of every byte.
func TestReprLen(t *testing.T) {
	var all []byte
	for b := range 256 {
		all = append(all, byte(b))
		if got, want := reprLen([]byte{byte(b)}), len(appendRepr(nil, []byte{byte(b)})); got != want {
			t.Errorf("byte %#x: %d, appended are %d", b, got, want)
		}
	}
	if got, want := reprLen(all), len(appendRepr(nil, all)); got != want {
		t.Errorf("all bytes: %d, appended are %d", got, want)
	}
}

// TestShowLong has long and short lines shown, which are made in different places, and looks what stays.
func TestShowLong(t *testing.T) {
	env, c, out := newTestEnv(t)
	before := mem.Used()
	if !env.Watch(c) {
		t.Fatal("not watching")
	}
	for _, n := range []int{1, 1000, shareMin - 100, shareMin, 100_000} {
		out.Reset()
		arg := strings.Repeat("\x00a\"", n/3+1)
		c.show([][]byte{[]byte("SET"), []byte(arg)})
		line := out.String()
		_, got, _ := strings.Cut(line, "] ")
		if want := `"SET" ` + string(appendRepr(nil, []byte(arg))) + "\r\n"; got != want {
			t.Errorf("%d bytes: shown %.60q, want %.60q", n, got, want)
		}
		if used := mem.Used() - before; used != 0 {
			t.Errorf("%d bytes: %d stay", n, used)
		}
	}
	if cap(env.line) > frameKeep {
		t.Errorf("room of %d bytes is kept", cap(env.line))
	}
	env.unwatch(c)
}
