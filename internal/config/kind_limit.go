package config

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// maxmemory: bytes, a percentage of what the machine allows the process, or auto. What the machine allows is known to the
// server alone, and may change; it calls SettleMaxMemory.

// AutoMemory is Values.MaxMemoryAsked for auto. Other negative numbers are percentages.
const AutoMemory = -1000

// auto leaves to the process itself, which maxmemory does not count, autoProcess bytes, and of the rest
// a fifth to fragmentation and to the peaks of others.
const (
	autoProcess = 32 << 20
	autoPercent = 80
	autoLeast   = 25 // per cent of the whole, however small that is
)

type limitKind struct{}

func (limitKind) set(v *Values, words []string) error {
	s := words[0]
	if strings.EqualFold(s, "auto") {
		v.MaxMemoryAsked = AutoMemory
		return nil
	}
	if n, isPercent := strings.CutSuffix(s, "%"); isPercent {
		p, ok := parseInt(n)
		if !ok || p < 1 || p > 100 {
			return errMemory
		}
		v.MaxMemoryAsked = -p
		return nil
	}
	n, ok := ParseMemory(s)
	if !ok {
		return errMemory
	}
	if n > math.MaxInt64 {
		return errors.New("argument must be between 0 and " + strconv.Itoa(math.MaxInt64) + " inclusive")
	}
	v.MaxMemoryAsked, v.MaxMemory = int64(n), int64(n)
	return nil
}

func (limitKind) get(v *Values) string {
	switch n := v.MaxMemoryAsked; {
	case n == AutoMemory:
		return "auto"
	case n < 0:
		return strconv.FormatInt(-n, 10) + "%"
	default:
		return strconv.FormatInt(n, 10)
	}
}

func (limitKind) reset(v *Values) { v.MaxMemoryAsked, v.MaxMemory = 0, 0 }

func (k limitKind) rewrite(v, def *Values, d *Directive, w *rewriter) {
	value := k.get(v)
	if v.MaxMemoryAsked >= 0 {
		value = formatMemory(v.MaxMemoryAsked)
	}
	w.put(d.Name, d.Name+" "+value, v.MaxMemoryAsked != def.MaxMemoryAsked)
}

func (limitKind) describe() (kind, allowed string) {
	return "memory, percent or auto", "0.., 1%..100% or auto"
}

// FollowsMachine reports whether maxmemory depends on what the machine allows.
func (v *Values) FollowsMachine() bool { return v.MaxMemoryAsked < 0 }

// SettleMaxMemory works out MaxMemory from what the machine allows the process, in bytes; 0 if nobody knows, and then
// there is no limit.
func (v *Values) SettleMaxMemory(machine int64) {
	switch n := v.MaxMemoryAsked; {
	case n == AutoMemory:
		v.MaxMemory = max((machine-autoProcess)/100*autoPercent, machine/100*autoLeast)
	case n < 0:
		v.MaxMemory = machine / 100 * -n
	}
}

// MaxMemoryDataBytes is maxmemory-data in bytes, 0 for no limit. A percentage of no maxmemory is no limit.
func (v *Values) MaxMemoryDataBytes() int64 { return v.ofMaxMemory(v.MaxMemoryData) }

// MaxMemoryClientsBytes is maxmemory-clients in bytes, likewise.
func (v *Values) MaxMemoryClientsBytes() int64 { return v.ofMaxMemory(v.MaxMemoryClients) }

// MaxMemoryScriptsBytes is maxmemory-scripts in bytes, likewise.
func (v *Values) MaxMemoryScriptsBytes() int64 { return v.ofMaxMemory(v.MaxMemoryScripts) }

// ofMaxMemory returns a number of bytes, or of a negative one the percentage of maxmemory.
func (v *Values) ofMaxMemory(n int64) int64 {
	if n >= 0 {
		return n
	}
	return int64(float64(v.MaxMemory) * float64(-n) / 100)
}
