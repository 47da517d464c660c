package connection

import (
	"granary/internal/command"
)

// Client-side caching is not part of this version: tracking is off for everybody and cannot be turned on, which
// CLIENT TRACKING says. The commands that ask about it answer what Redis answers while tracking is off.

const (
	errTracking = "ERR CLIENT TRACKING ON is not supported by this version of Granary"
	errCaching  = "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled"
)

// cmdClientTracking answers CLIENT TRACKING ON|OFF [option ...].
func cmdClientTracking(c *command.Ctx) {
	for i := 3; i < len(c.Args); i++ {
		switch opt := c.Args[i]; {
		case command.Is(opt, "redirect") && i+1 < len(c.Args):
			i++
			if _, ok := c.Int(c.Args[i]); !ok {
				return
			}
		case command.Is(opt, "prefix") && i+1 < len(c.Args):
			i++
		case command.Is(opt, "bcast"), command.Is(opt, "optin"), command.Is(opt, "optout"), command.Is(opt, "noloop"):
		default:
			c.SyntaxError()
			return
		}
	}
	on, ok := onOff(c, c.Args[2])
	if !ok {
		return
	}
	if on {
		c.Out.Error(errTracking)
		return
	}
	c.Out.OK()
}

// cmdClientCaching answers CLIENT CACHING YES|NO.
func cmdClientCaching(c *command.Ctx) { c.Out.Error(errCaching) }

// cmdClientGetRedir answers CLIENT GETREDIR: -1 while tracking is off.
func cmdClientGetRedir(c *command.Ctx) { c.Out.Int(-1) }

// cmdClientTrackingInfo answers CLIENT TRACKINGINFO.
func cmdClientTrackingInfo(c *command.Ctx) {
	o := c.Out
	o.Map(3)
	o.BulkString("flags")
	o.Set(1)
	o.BulkString("off")
	o.BulkString("redirect")
	o.Int(-1)
	o.BulkString("prefixes")
	o.Array(0)
}
