package admin

import (
	"crypto/rand"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"granary/internal/command"
	"granary/internal/config"
	"granary/internal/glob"
	"granary/internal/keyspace"
	"granary/internal/mem"
	"granary/internal/object"
)

const errDebugOff = `ERR DEBUG command not allowed. If the enable-debug-command option is set to "local", you can run it from a local connection, otherwise you need to set this option in the configuration file, and then restart the server.`

// debugSub is a subcommand of DEBUG. They are not commands of the table, as in Redis: COMMAND does not list them.
type debugSub struct {
	name     string
	min, max int // arguments, DEBUG and the name included; max 0 is any number
	run      func(c *command.Ctx)
}

var debugSubs []debugSub

func init() {
	debugSubs = []debugSub{
		{"aof-flush-sleep", 3, 3, debugFlushSleep},
		{"change-repl-id", 2, 2, debugChangeReplID},
		{"config-rewrite-force-all", 2, 2, debugRewriteAll},
		{"crash-and-recover", 2, 3, debugRestart},
		{"dead", 4, 4, debugDead},
		{"defrag", 2, 4, debugDefrag},
		{"digest", 2, 2, debugDigest},
		{"digest-value", 2, 0, debugDigestValue},
		{"error", 3, 3, func(c *command.Ctx) { c.Out.Error(string(c.Args[2])) }},
		{"assert", 2, 2, func(*command.Ctx) { panic("BUG: DEBUG ASSERT") }},
		{"help", 2, 2, debugHelp},
		{"htstats", 3, 4, debugHTStats},
		{"htstats-key", 3, 4, debugHTStatsKey},
		{"leak", 3, 3, debugLeak},
		{"listpack", 3, 3, debugListpack},
		{"loadaof", 2, 2, debugLoadAOF},
		{"log", 3, 3, debugLog},
		{"mallctl", 3, 3, debugMallctl},
		{"object", 3, 4, debugObject},
		{"oom", 2, 2, func(c *command.Ctx) { panic(mem.ErrOutOfMemory) }},
		{"panic", 2, 2, func(*command.Ctx) { panic("BUG: DEBUG PANIC") }},
		{"pause-cron", 3, 3, debugPauseCron},
		{"populate", 3, 5, debugPopulate},
		{"protocol", 3, 3, debugProtocol},
		{"quicklist", 3, 4, debugQuicklist},
		{"quicklist-packed-threshold", 3, 3, debugPackedThreshold},
		{"reload", 2, 0, debugReload},
		{"replybuffer", 4, 4, debugReplyBuffer},
		{"restart", 2, 3, debugRestart},
		{"sdslen", 3, 3, debugSDSLen},
		{"segfault", 2, 2, debugSegfault},
		{"set-active-expire", 3, 3, debugActiveExpire},
		{"set-disable-deny-scripts", 3, 3, debugAnyInScripts},
		{"set-skip-checksum-validation", 3, 3, debugTrustChecksums},
		{"sleep", 3, 3, debugSleep},
		{"stringmatch-len", 4, 4, debugStringMatch},
		{"structsize", 2, 2, debugStructSize},
	}
}

// debugBarred tells why a client may not use DEBUG.
func debugBarred(c *command.Client) string {
	if c.Env.Config.EnableDebugCommand.Allows(c.Local()) {
		return ""
	}
	return errDebugOff
}

// cmdDebug answers DEBUG subcommand ....
func cmdDebug(c *command.Ctx) {
	if failure := debugBarred(c.Client); failure != "" {
		c.Out.Error(failure)
		return
	}
	for i := range debugSubs {
		s := &debugSubs[i]
		if command.Is(c.Args[1], s.name) && len(c.Args) >= s.min && (s.max == 0 || len(c.Args) <= s.max) {
			s.run(c)
			return
		}
	}
	debugUnknown(c)
}

func debugUnknown(c *command.Ctx) {
	c.Out.Error("ERR unknown subcommand or wrong number of arguments for '" + string(c.Args[1]) + "'. Try DEBUG HELP.")
}

// debugSleep holds everything up: DEBUG SLEEP seconds.
func debugSleep(c *command.Ctx) {
	sec, _ := strconv.ParseFloat(string(c.Args[2]), 64)
	time.Sleep(time.Duration(sec * float64(time.Second)))
	c.Out.OK()
}

func debugActiveExpire(c *command.Ctx) {
	c.Keys().ActiveExpire = isOne(c.Args[2])
	c.Out.OK()
}

func debugAnyInScripts(c *command.Ctx) {
	c.Env.AnyInScripts = isOne(c.Args[2])
	c.Out.OK()
}

func debugTrustChecksums(c *command.Ctx) {
	c.Env.TrustChecksums = isOne(c.Args[2])
	c.Out.OK()
}

func debugPauseCron(c *command.Ctx) {
	c.Env.CronPaused = isOne(c.Args[2])
	c.Env.Ops.PauseCron(c.Env.CronPaused)
	c.Out.OK()
}

// isOne reads a switch as C's atoi does: any number but 0 is on.
func isOne(arg []byte) bool {
	n, err := strconv.Atoi(string(arg))
	return err == nil && n != 0
}

func debugLog(c *command.Ctx) {
	c.Env.Log.Warningf("DEBUG LOG: %s", c.Args[2])
	c.Out.OK()
}

// debugLeak takes memory and forgets it, so that tests can see it missing.
func debugLeak(c *command.Ctx) {
	r := c.Keys().Arena.Alloc(len(c.Args[2]), mem.PurposeOther)
	copy(mem.Bytes(r, len(c.Args[2])), c.Args[2])
	c.Out.OK()
}

func debugChangeReplID(c *command.Ctx) {
	var b [20]byte
	rand.Read(b[:]) // never fails
	c.Env.ReplID = hex.EncodeToString(b[:])
	c.Env.Log.Noticef("Changing replication IDs after receiving change-repl-id")
	c.Out.OK()
}

func debugRewriteAll(c *command.Ctx) {
	if err := c.Env.Config.Rewrite(true); err != nil {
		c.Out.Error("ERR CONFIG-REWRITE-FORCE-ALL failed: " + err.Error())
		return
	}
	c.Out.OK()
}

// debugReload saves all data, deletes them and loads them again: DEBUG RELOAD [MERGE] [NOFLUSH] [NOSAVE].
func debugReload(c *command.Ctx) {
	var how command.ReloadFlags
	for _, a := range c.Args[2:] {
		switch {
		case command.Is(a, "merge"):
			how |= command.ReloadMerge
		case command.Is(a, "noflush"):
			how |= command.ReloadNoFlush
		case command.Is(a, "nosave"):
			how |= command.ReloadNoSave
		default:
			c.Out.Error("ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.")
			return
		}
	}
	if err := c.Env.Saver.Reload(how); err != nil {
		c.Out.Error("ERR Error trying to load the RDB dump, check server logs.")
		return
	}
	c.Out.OK()
}

// debugLoadAOF deletes all data and loads the append-only file: DEBUG LOADAOF.
func debugLoadAOF(c *command.Ctx) {
	c.NoEffect()
	if err := c.Env.Saver.LoadAOF(); err != nil {
		c.Out.Error("ERR Error trying to load the AOF files, check server logs.")
		return
	}
	c.Out.OK()
}

// debugFlushSleep has each write to the append-only file wait: DEBUG AOF-FLUSH-SLEEP us.
func debugFlushSleep(c *command.Ctx) {
	us, ok := object.ParseInt(c.Args[2])
	if !ok {
		c.Out.Error(command.ErrNotInteger)
		return
	}
	c.Env.Saver.DelayAOF(time.Duration(max(us, 0)) * time.Microsecond)
	c.Out.OK()
}

// debugPackedThreshold sets from which length an element of a large list is kept apart: DEBUG QUICKLIST-PACKED-THRESHOLD
// size; 0 is as if it was never set.
func debugPackedThreshold(c *command.Ctx) {
	n, ok := config.ParseMemory(string(c.Args[2]))
	if !ok || n >= 1<<32 {
		c.Out.Error("ERR argument must be a memory value bigger than 1 and smaller than 4gb")
		return
	}
	object.Lists(c.Keys().Arena).SetPackedThreshold(int(n))
	c.Out.OK()
}

// replyPeakDefault is how long the peak of a reply buffer counts if nobody says otherwise, ms.
const replyPeakDefault = 5000

// debugReplyBuffer does DEBUG REPLYBUFFER PEAK-RESET-TIME NEVER|RESET|ms and DEBUG REPLYBUFFER RESIZING 0|1.
func debugReplyBuffer(c *command.Ctx) {
	if command.Is(c.Args[2], "resizing") {
		c.Env.Ops.FitReplies(isOne(c.Args[3]))
		c.Out.OK()
		return
	}
	if !command.Is(c.Args[2], "peak-reset-time") {
		debugUnknown(c)
		return
	}
	switch {
	case command.Is(c.Args[3], "never"):
		c.Env.Ops.KeepReplyPeak(-1)
	case command.Is(c.Args[3], "reset"):
		c.Env.Ops.KeepReplyPeak(replyPeakDefault)
	default:
		ms, ok := c.Int(c.Args[3])
		if !ok {
			return
		}
		c.Env.Ops.KeepReplyPeak(ms)
	}
	c.Out.OK()
}

// debugStringMatch matches a pattern against a string of so many a: DEBUG STRINGMATCH-LEN length pattern.
func debugStringMatch(c *command.Ctx) {
	n, ok := c.Int(c.Args[2])
	if !ok {
		return
	}
	if n < 0 || n > c.Env.Config.ProtoMaxBulkLen {
		c.Out.Error(command.ErrOutOfRangePos)
		return
	}
	found := int64(0)
	if glob.Match(c.Args[3], []byte(strings.Repeat("a", int(n))), false) {
		found = 1
	}
	c.Out.Int(found)
}

// debugPopulate makes string keys prefix:0, prefix:1 ... where there are none: DEBUG POPULATE count [prefix] [size].
func debugPopulate(c *command.Ctx) {
	n, ok := object.ParseInt(c.Args[2])
	if !ok || n < 0 {
		c.Out.Error(command.ErrOutOfRangePos)
		return
	}
	prefix, size := []byte("key"), int64(0)
	if len(c.Args) >= 4 {
		prefix = c.Args[3]
	}
	if len(c.Args) == 5 {
		if size, ok = object.ParseInt(c.Args[4]); !ok || size < 0 {
			c.Out.Error(command.ErrOutOfRangePos)
			return
		}
	}
	key, val := append(append([]byte(nil), prefix...), ':'), []byte("value:")
	stem := len(key)
	for i := range n {
		key = strconv.AppendInt(key[:stem], i, 10)
		val = strconv.AppendInt(val[:len("value:")], i, 10)
		it := c.DB.Lookup(key, keyspace.ForWrite|keyspace.NoTouch)
		if it.Exists() {
			continue
		}
		v := val
		if size > 0 {
			v = make([]byte, size)
			copy(v, val)
		}
		it.SetString(v, 0)
		c.Keys().Modified(c.DB.ID, key)
	}
	c.Out.OK()
}
