package command

import (
	"errors"
	"time"

	"granary/internal/config"
	"granary/internal/netloop"
)

// Saves is what is known of snapshots: INFO, LASTSAVE and the refusal of writes read it, the server around the commands writes
// it. Guarded by the keyspace lock.
type Saves struct {
	Running   bool // in the background
	Scheduled bool // one begins as soon as it can
	Began     int64
	Tried     int64 // Unix s, when the last one in the background began
	Last      int64 // Unix s, of the last success; of the start while there is none
	Failed    bool  // the last one
	Seconds   int64 // that the last one in the background took, -1: there was none
	Count     int64 // successes
	Keys      int64 // written so far
	Total     int64 // to be written

	AOFError string // why the append-only file cannot be written, "": it can
	Logged   int64  // position behind the last effect that went to the append-only file; it only grows, also when that is switched off and on

	Load LoadState
}

// LoadState is what is known of a data set that is being loaded, and of the last one that was.
type LoadState struct {
	Began   int64 // Unix s
	Bytes   int64 // of the file
	Read    int64 // of them
	UsedMem int64 // used_memory of who wrote it
	Keys    int64 // loaded
	Expired int64 // left out: their time had come
}

// Saver is what commands may ask for. The server around them implements it.
type Saver interface {
	// Save writes a snapshot while everybody waits.
	Save() error
	// BeginSave begins to write one; with later not before the command at hand is over.
	BeginSave(later bool) error
	// CancelSave gives up what is being written, or what was to be.
	CancelSave() (running, scheduled bool)
	// Flushed tells that FLUSHALL made the snapshot that is being written void.
	Flushed()
	// Reload loads the last snapshot in the place of the data set, or into it.
	Reload(how ReloadFlags) error

	// RewriteAOF begins to rewrite the append-only file; with later, or if something else is being written, not at once.
	RewriteAOF(later bool) (scheduled bool, err error)
	// LoadAOF loads the append-only file in the place of the data set.
	LoadAOF() error
	// DelayAOF has each write to the append-only file wait.
	DelayAOF(d time.Duration)
	// AOF tells of the append-only file.
	AOF() AOFReport
}

// AOFReport is what INFO tells of the append-only file.
type AOFReport struct {
	On        bool // it is written, or will be when the first rewrite is done
	Running   bool // a rewrite
	Scheduled bool // a rewrite begins as soon as it can
	Began     int64
	Seconds   int64 // that the last rewrite took, -1: there was none
	Failed    bool  // the last rewrite
	Count     int64 // rewrites begun
	Failures  int64 // that ended one after the other without success
	Unwritten bool  // it cannot be written

	Size, Base int64 // bytes of all files, and behind the last rewrite
	Buffer     int64 // bytes that wait to be written
	Synced     int64 // position (Saves.Logged) up to which all effects are on the disk, -1: there is no file that data can be made of
	Syncing    bool
	Delayed    int64 // writes that had to wait for fsync
}

// ErrRewriting says that the append-only file is being rewritten.
var ErrRewriting = errors.New("Background append only file rewriting already in progress")

// ReloadFlags are the options of DEBUG RELOAD.
type ReloadFlags uint8

// The options.
const (
	ReloadNoSave ReloadFlags = 1 << iota
	ReloadNoFlush
	ReloadMerge
)

// ErrMisconf refuses what writes while snapshots cannot be written.
const ErrMisconf = "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. " +
	"Commands that may modify the data set are disabled, because this instance is configured to report errors during writes " +
	"if RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB error."

// LastSave returns the Unix time in seconds of the last snapshot, of the start if there is none.
func (e *Env) LastSave() int64 {
	if e.Saves.Last == 0 {
		return e.Start / 1000
	}
	return e.Saves.Last
}

// meetsSnapshot reports whether the command would change a large value that the snapshot under way has not come to. It would be
// held up, and everybody with it, until that value is in the snapshot; so its client alone waits. Keys that a command does not
// name, as a script may have, are given to the snapshot when it comes to them.
func (c *Client) meetsSnapshot(spec *Spec, args [][]byte) bool {
	if c.Conn == nil {
		return false
	}
	if c.tx.on {
		return spec.InMulti == Execs && c.queuedMeetsSnapshot()
	}
	return c.namesHeld(spec, args)
}

// namesHeld reports whether a request names a key that the snapshot holds.
func (c *Client) namesHeld(spec *Spec, args [][]byte) bool {
	env := c.Env
	env.snapKeys, _ = spec.FindKeys(args, env.snapKeys[:0])
	for _, k := range env.snapKeys {
		if c.DB.Holds(args[k.Index]) {
			return true
		}
	}
	return false
}

// queuedMeetsSnapshot is meetsSnapshot for what EXEC would execute. A SELECT in between is not followed.
func (c *Client) queuedMeetsSnapshot() bool {
	commands := c.Env.Table.Every()
	for r := c.tx.first; r != 0; r = queuedNext(r) {
		c.Env.execArgs = appendQueued(c.Env.execArgs[:0], r)
		if spec := commands[queuedID(r)]; spec.Flags&(Write|MayReplicate) != 0 && c.namesHeld(spec, c.Env.execArgs) {
			return true
		}
	}
	return false
}

// SnapshotBegun has commands look out for a snapshot.
func (e *Env) SnapshotBegun() { e.Gate |= GateSnapshot }

// SnapshotMoved tells that the snapshot is through a large value, or that it is over: who waited for that tries again. The
// keyspace lock is held on behalf of the loop cur (nil: of none).
func (e *Env) SnapshotMoved(over bool, cur *netloop.Loop) {
	if over {
		e.Gate &^= GateSnapshot
	}
	if len(e.Pause.held) > 0 {
		e.resumeHeld(cur)
	}
}

// NoteSave takes over how a snapshot ended.
func (e *Env) NoteSave(failed bool) {
	e.Saves.Failed = failed
	e.ConfigureSaves()
}

// ConfigureSaves sets whether commands that write are refused.
func (e *Env) ConfigureSaves() {
	e.Gate &^= GateDisk
	if e.savesFail() || e.Saves.AOFError != "" {
		e.Gate |= GateDisk
	}
}

func (e *Env) savesFail() bool {
	return e.Saves.Failed && e.Config.StopWritesOnBgsaveError && len(e.Config.Save) > 0
}

// NoteAOF takes over why the append-only file cannot be written; "" if it can.
func (e *Env) NoteAOF(failure string) {
	e.Saves.AOFError = failure
	e.ConfigureSaves()
}

// Misconf returns the error that refuses what writes. REQUIRES: GateDisk is set.
func (e *Env) Misconf() string {
	if e.savesFail() {
		return ErrMisconf
	}
	return "MISCONF Errors writing to the AOF file: " + e.Saves.AOFError
}

// DueSave returns the save point that has come, nil if none has. Seconds are Unix time.
func (e *Env) DueSave(now int64) *config.SavePoint {
	const retry = 5 // seconds after a failure
	s := &e.Saves
	for i := range e.Config.Save {
		p := &e.Config.Save[i]
		if e.Keys.Stats.Dirty >= p.Changes && now-e.LastSave() > p.Seconds && (now-s.Tried > retry || !s.Failed) {
			return p
		}
	}
	return nil
}
