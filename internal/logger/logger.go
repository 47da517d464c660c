// Package logger writes the server's log, line by line, in the shape that tools know from Redis:
//
//	1234:M 20 Nov 2026 11:15:30.123 * Ready to accept connections tcp
//	pid  role  local time         level message
//
// The role is M for a master, S for a replica, C for background work; the level is . for debug, - for verbose, * for
// notice and # for warning. A line is one write, so lines of several writers do not mix.
//
// A log file is opened for every line and closed again: whoever moves or deletes it gets a new file with the
// next line, without telling the server. Errors of writing are dropped: there is nowhere to report them.
//
// A Logger may be used by many goroutines at once. It has a lock of its own that is held for the write, so nobody
// should log per command.
package logger

import (
	"fmt"
	"io"
	"log/syslog"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Level is the severity of a message. The values are those of config.LogLevel.
type Level int32

const (
	Debug   Level = iota // for developers
	Verbose              // many details that are seldom useful
	Notice               // what one wants to know in production
	Warning              // only what is important
	Nothing              // no message has this level: a threshold that stops all
)

const marks = ".-*#"

var levelNames = [...]string{"debug", "info", "notice", "warning"}

// Role is who speaks, one letter.
type Role byte

const (
	Master  Role = 'M'
	Replica Role = 'S'
	Child   Role = 'C' // snapshots, rewrites, and the server before it knows its role
)

func (r Role) name() string {
	switch r {
	case Master:
		return "primary"
	case Replica:
		return "replica"
	}
	return "RDB/AOF"
}

// Format is the shape of a line.
type Format int32

const (
	Legacy Format = iota // Redis's
	Logfmt               // key=value pairs
)

// Timestamp is the shape of the time.
type Timestamp int32

const (
	TimeLegacy Timestamp = iota // 20 Nov 2026 11:15:30.123
	TimeISO8601
	TimeMilliseconds // since 1970
)

// Options are what a Logger begins with; the values of the directives of the same names.
type Options struct {
	File      string    // "" is Out
	Out       io.Writer // nil is standard output
	Level     Level
	Format    Format
	Timestamp Timestamp
	HideUser  bool

	Syslog   bool
	Ident    string
	Facility int // as in syslog(3), without its shift: user is 1, local0 is 16
}

// Logger writes the log. The zero Logger and a nil one are silent.
type Logger struct {
	level     atomic.Int32
	role      atomic.Int32
	format    atomic.Int32
	timestamp atomic.Int32
	hide      atomic.Bool
	on        bool

	mu   sync.Mutex
	file string
	out  io.Writer
	sys  *syslog.Writer
	pid  int
	buf  []byte

	now func() time.Time // tests set it
}

// New returns a Logger. Its role is Child until SetRole. A system log that does not answer is not an error, but a
// warning in the log.
func New(o Options) *Logger {
	l := &Logger{on: true, file: o.File, out: o.Out, pid: os.Getpid(), now: time.Now}
	if l.out == nil {
		l.out = os.Stdout
	}
	l.SetLevel(o.Level)
	l.SetRole(Child)
	l.SetFormat(o.Format, o.Timestamp)
	l.SetHideUserData(o.HideUser)
	if o.Syslog {
		sys, err := syslog.New(syslog.Priority(o.Facility)<<3|syslog.LOG_NOTICE, o.Ident)
		if err != nil {
			l.Warningf("Can't open the system log: %v", err)
		}
		l.sys = sys
	}
	return l
}

// The setters may be called at any time; the next line is written accordingly.

func (l *Logger) SetLevel(level Level)      { l.level.Store(int32(level)) }
func (l *Logger) SetRole(r Role)            { l.role.Store(int32(r)) }
func (l *Logger) SetHideUserData(hide bool) { l.hide.Store(hide) }

func (l *Logger) SetFormat(f Format, t Timestamp) {
	l.format.Store(int32(f))
	l.timestamp.Store(int32(t))
}

// Enabled reports whether messages of a level are written, for callers whose message is costly to make.
func (l *Logger) Enabled(level Level) bool {
	return l != nil && l.on && level >= Level(l.level.Load()) && level < Nothing
}

func (l *Logger) Debugf(format string, args ...any)   { l.logf(Debug, format, args) }
func (l *Logger) Verbosef(format string, args ...any) { l.logf(Verbose, format, args) }
func (l *Logger) Noticef(format string, args ...any)  { l.logf(Notice, format, args) }
func (l *Logger) Warningf(format string, args ...any) { l.logf(Warning, format, args) }

func (l *Logger) logf(level Level, format string, args []any) {
	if l.Enabled(level) {
		l.write(level, fmt.Sprintf(format, args...))
	}
}

// Log writes a message as it is.
func (l *Logger) Log(level Level, message string) {
	if l.Enabled(level) {
		l.write(level, message)
	}
}

// Raw writes text without time and level: logos, stack traces. It may have many lines.
func (l *Logger) Raw(level Level, text string) {
	if !l.Enabled(level) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buf = append(l.buf[:0], text...)
	l.flush(level, text)
}

// User is what to log of data that belongs to users: the data, or a word in its place if it is to be hidden.
func (l *Logger) User(data string) string {
	if l == nil || l.hide.Load() {
		return "*redacted*"
	}
	return data
}

func (l *Logger) write(level Level, message string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buf = l.appendLine(l.buf[:0], level, message)
	l.flush(level, message)
}

// flush writes buf to the file or the output, and message to the system log.
//
// REQUIRES: mu is held.
func (l *Logger) flush(level Level, message string) {
	if l.file == "" {
		l.out.Write(l.buf)
	} else if f, err := os.OpenFile(l.file, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644); err == nil {
		f.Write(l.buf)
		f.Close()
	}
	if cap(l.buf) > 64<<10 {
		l.buf = nil // one long message must not stay in memory
	}
	if l.sys == nil {
		return
	}
	switch level {
	case Debug:
		l.sys.Debug(message)
	case Verbose:
		l.sys.Info(message)
	case Notice:
		l.sys.Notice(message)
	default:
		l.sys.Warning(message)
	}
}

func (l *Logger) appendLine(b []byte, level Level, message string) []byte {
	role, at := Role(l.role.Load()), l.now()
	if Format(l.format.Load()) == Logfmt {
		b = append(b, "pid="...)
		b = strconv.AppendInt(b, int64(l.pid), 10)
		b = append(b, " role="...)
		b = append(b, role.name()...)
		b = append(b, " timestamp="...)
		if Timestamp(l.timestamp.Load()) == TimeLegacy {
			b = append(append(l.appendTime(append(b, '"'), at), '"'), ' ')
		} else {
			b = append(l.appendTime(b, at), ' ')
		}
		b = append(b, "level="...)
		b = append(b, levelNames[level]...)
		b = append(b, " message="...)
		b = strconv.AppendQuote(b, message)
		return append(b, '\n')
	}
	b = strconv.AppendInt(b, int64(l.pid), 10)
	b = append(b, ':', byte(role), ' ')
	b = l.appendTime(b, at)
	b = append(b, ' ', marks[level], ' ')
	b = appendOneLine(b, message)
	return append(b, '\n')
}

func (l *Logger) appendTime(b []byte, at time.Time) []byte {
	switch Timestamp(l.timestamp.Load()) {
	case TimeISO8601:
		return at.AppendFormat(b, "2006-01-02T15:04:05.000-07:00")
	case TimeMilliseconds:
		return strconv.AppendInt(b, at.UnixMilli(), 10)
	}
	return at.AppendFormat(b, "02 Jan 2006 15:04:05.000")
}

// appendOneLine keeps a message on its line: text of a client must not be able to forge lines of the log.
func appendOneLine(b []byte, message string) []byte {
	if !strings.ContainsAny(message, "\r\n") {
		return append(b, message...)
	}
	for i := range len(message) {
		switch message[i] {
		case '\n':
			b = append(b, `\n`...)
		case '\r':
			b = append(b, `\r`...)
		default:
			b = append(b, message[i])
		}
	}
	return b
}
