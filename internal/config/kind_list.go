package config

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// This file has the kinds of the directives that are like no other: each is used once.

// save: pairs of seconds and changes.

type saveKind struct{}

var errSave = errors.New("Invalid save parameters")

var defaultSave = []SavePoint{{3600, 1}, {300, 100}, {60, 10000}}

// set replaces the save points. A configuration file may have several save lines that add up: file.go sees to it.
func (saveKind) set(v *Values, words []string) error {
	points, err := parseSave(words)
	if err == nil {
		v.Save = points
	}
	return err
}

func parseSave(words []string) ([]SavePoint, error) {
	if len(words) == 1 && words[0] == "" {
		words = nil
	}
	if len(words)%2 != 0 {
		return nil, errSave
	}
	points := make([]SavePoint, 0, len(words)/2)
	for i := 0; i < len(words); i += 2 {
		seconds, ok1 := leadingInt(words[i])
		changes, ok2 := leadingInt(words[i+1])
		if !ok1 || !ok2 || seconds < 1 || changes < 0 {
			return nil, errSave
		}
		points = append(points, SavePoint{seconds, changes})
	}
	return points, nil
}

func (saveKind) get(v *Values) string {
	var b []byte
	for i, p := range v.Save {
		if i > 0 {
			b = append(b, ' ')
		}
		b = strconv.AppendInt(b, p.Seconds, 10)
		b = append(b, ' ')
		b = strconv.AppendInt(b, p.Changes, 10)
	}
	return string(b)
}

func (saveKind) reset(v *Values) { v.Save = defaultSave }

func (saveKind) describe() (kind, allowed string) { return "pairs", "seconds changes ..." }

// client-output-buffer-limit: class, hard limit, soft limit, soft seconds, for one class or more.

type outputLimitKind struct{}

var (
	errLimitCount = errors.New("Wrong number of arguments in buffer limit configuration.")
	errLimitClass = errors.New("Invalid client class specified in buffer limit configuration.")
	errLimitValue = errors.New("Error in hard, soft or soft_seconds setting in buffer limit configuration.")
)

var defaultOutputLimits = [classCount]OutputLimit{
	ClassReplica: {Hard: 256 << 20, Soft: 64 << 20, SoftSeconds: 60},
	ClassPubSub:  {Hard: 32 << 20, Soft: 8 << 20, SoftSeconds: 60},
}

func (outputLimitKind) set(v *Values, words []string) error {
	if len(words)%4 != 0 {
		return errLimitCount
	}
	limits := v.ClientOutputBufferLimit
	for i := 0; i < len(words); i += 4 {
		class, ok := classOf(words[i])
		if !ok {
			return errLimitClass
		}
		hard, ok1 := ParseMemory(words[i+1])
		soft, ok2 := ParseMemory(words[i+2])
		seconds, ok3 := leadingInt(words[i+3])
		if !ok1 || !ok2 || !ok3 || seconds < 0 || hard > maxLong || soft > maxLong {
			return errLimitValue
		}
		limits[class] = OutputLimit{int64(hard), int64(soft), seconds}
	}
	v.ClientOutputBufferLimit = limits
	return nil
}

func classOf(name string) (Class, bool) {
	for _, w := range classWords {
		if strings.EqualFold(w.name, name) {
			return w.value, true
		}
	}
	return 0, false
}

func (outputLimitKind) get(v *Values) string {
	var b []byte
	for class, l := range v.ClientOutputBufferLimit {
		if class > 0 {
			b = append(b, ' ')
		}
		b = append(b, wordOf(classWords, Class(class))...)
		for _, n := range []int64{l.Hard, l.Soft, l.SoftSeconds} {
			b = append(b, ' ')
			b = strconv.AppendInt(b, n, 10)
		}
	}
	return string(b)
}

func (outputLimitKind) reset(v *Values) { v.ClientOutputBufferLimit = defaultOutputLimits }

func (outputLimitKind) describe() (kind, allowed string) {
	return "groups of 4", "normal|replica|pubsub hard soft soft-seconds ..."
}

// notify-keyspace-events: letters.

type notifyKind struct{}

var errNotify = errors.New("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.")

func (notifyKind) set(v *Values, words []string) error {
	flags, ok := ParseNotifyFlags(words[0])
	if !ok {
		return errNotify
	}
	v.NotifyKeyspaceEvents = flags
	return nil
}

// ParseNotifyFlags reads the letters of notify-keyspace-events.
func ParseNotifyFlags(s string) (flags NotifyFlags, ok bool) {
next:
	for i := range len(s) {
		if s[i] == 'A' {
			flags |= NotifyAll
			continue
		}
		for _, l := range notifyLetters {
			if l.letter == s[i] {
				flags |= l.flag
				continue next
			}
		}
		return 0, false
	}
	return flags, true
}

func (f NotifyFlags) String() string {
	var b []byte
	if f&NotifyAll == NotifyAll {
		b = append(b, 'A')
	}
	for _, l := range notifyLetters {
		if f&l.flag != 0 && (len(b) == 0 || b[0] != 'A' || l.flag&NotifyAll == 0) {
			b = append(b, l.letter)
		}
	}
	return string(b)
}

func (notifyKind) get(v *Values) string { return v.NotifyKeyspaceEvents.String() }
func (notifyKind) reset(v *Values)      { v.NotifyKeyspaceEvents = 0 }

func (notifyKind) describe() (kind, allowed string) {
	return "letters", "A g $ l s h z x e t d n K E m"
}

// oom-score-adj-values: three numbers.

type oomValuesKind struct{}

var (
	errWordCount = errors.New("wrong number of arguments")
	errOOMValues = errors.New("Invalid oom-score-adj-values, elements must be between -2000 and 2000.")
)

func (oomValuesKind) set(v *Values, words []string) error {
	if len(words) != len(v.OOMScoreAdjValues) {
		return errWordCount
	}
	var values [3]int64
	for i, w := range words {
		n, ok := leadingInt(w)
		if !ok || n < -2000 || n > 2000 {
			return errOOMValues
		}
		values[i] = n
	}
	v.OOMScoreAdjValues = values
	return nil
}

func (oomValuesKind) get(v *Values) string {
	return strconv.FormatInt(v.OOMScoreAdjValues[0], 10) + " " + strconv.FormatInt(v.OOMScoreAdjValues[1], 10) + " " +
		strconv.FormatInt(v.OOMScoreAdjValues[2], 10)
}

func (oomValuesKind) reset(v *Values)                  { v.OOMScoreAdjValues = [3]int64{0, 200, 800} }
func (oomValuesKind) describe() (kind, allowed string) { return "3 integers", "-2000..2000 each" }

// latency-tracking-info-percentiles: numbers from 0 to 100.

type percentilesKind struct{}

var (
	errPercentiles     = errors.New("Invalid latency-tracking-info-percentiles parameters")
	errPercentileRange = errors.New("latency-tracking-info-percentiles parameters should sit between [0.0,100.0]")
)

func (percentilesKind) set(v *Values, words []string) error {
	if len(words) == 1 && words[0] == "" {
		words = nil
	}
	list := make([]float64, 0, len(words))
	for _, w := range words {
		p, err := strconv.ParseFloat(w, 64)
		if err != nil || p != p {
			return errPercentiles
		}
		if p < 0 || p > 100 {
			return errPercentileRange
		}
		list = append(list, p)
	}
	v.LatencyTrackingInfoPercentiles = list
	return nil
}

func (percentilesKind) get(v *Values) string {
	var b []byte
	for i, p := range v.LatencyTrackingInfoPercentiles {
		if i > 0 {
			b = append(b, ' ')
		}
		b = append(b, trimZeros(strconv.FormatFloat(p, 'f', 6, 64))...)
	}
	return string(b)
}

// trimZeros takes the zeros off the end of a decimal fraction, and the point if nothing is left behind it.
func trimZeros(s string) string {
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

var defaultPercentiles = []float64{50, 99, 99.9}

func (percentilesKind) reset(v *Values)                  { v.LatencyTrackingInfoPercentiles = defaultPercentiles }
func (percentilesKind) describe() (kind, allowed string) { return "numbers", "0..100 each" }

// bind and its like: a list of addresses.

type addressesKind struct {
	at  func(*Values) *[]string
	def []string
}

// maxBind is the number of addresses a server listens on at most.
const maxBind = 16

var errTooManyBind = errors.New("Too many bind addresses specified.")

func (k addressesKind) set(v *Values, words []string) error {
	if len(words) > maxBind {
		return errTooManyBind
	}
	if len(words) == 0 || (len(words) == 1 && words[0] == "") {
		words = nil
	}
	*k.at(v) = append([]string{}, words...)
	return nil
}

func (k addressesKind) get(v *Values) string             { return strings.Join(*k.at(v), " ") }
func (k addressesKind) reset(v *Values)                  { *k.at(v) = k.def }
func (k addressesKind) describe() (kind, allowed string) { return "addresses", "at most 16" }

// dir: the working directory. Setting it checks that the process may enter it; the move itself is Config's.

type dirKind struct{}

func (dirKind) set(v *Values, words []string) error {
	dir := words[0]
	if dir == "" {
		return reason(syscall.ENOENT)
	}
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(v.Dir, dir)
	}
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return reason(err)
	}
	if info, err := os.Stat(dir); err != nil {
		return reason(err)
	} else if !info.IsDir() {
		return reason(syscall.ENOTDIR)
	}
	const mayEnter = 1
	if err := syscall.Access(dir, mayEnter); err != nil {
		return reason(err)
	}
	v.Dir = dir
	return nil
}

func (dirKind) get(v *Values) string             { return v.Dir }
func (dirKind) reset(*Values)                    {}
func (dirKind) describe() (kind, allowed string) { return "path", "a directory" }

// reason is the system's own text for what went wrong, in the words of strerror(3).
func reason(err error) error {
	var no syscall.Errno
	if errors.As(err, &no) {
		text := no.Error()
		return errors.New(strings.ToUpper(text[:1]) + text[1:])
	}
	return err
}

// replicaof: host and port, or "no one".

type replicaofKind struct{}

var errMasterPort = errors.New("Invalid master port")

func (replicaofKind) set(v *Values, words []string) error {
	if len(words) != 2 {
		return errWordCount
	}
	if strings.EqualFold(words[0], "no") && strings.EqualFold(words[1], "one") {
		v.MasterHost, v.MasterPort = "", 0
		return nil
	}
	port, ok := leadingInt(words[1])
	if !ok || port < 0 || port > 65535 {
		return errMasterPort
	}
	v.MasterHost, v.MasterPort = words[0], port
	return nil
}

func (replicaofKind) get(v *Values) string {
	if v.MasterHost == "" {
		return ""
	}
	return v.MasterHost + " " + strconv.FormatInt(v.MasterPort, 10)
}

func (replicaofKind) reset(v *Values)                  { v.MasterHost, v.MasterPort = "", 0 }
func (replicaofKind) describe() (kind, allowed string) { return "host port", "or no one" }
