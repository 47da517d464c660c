package connection

import (
	"granary/internal/command"
	"granary/internal/tracking"
)

// CLIENT TRACKING and what belongs to it. How it works is in internal/command/tracking.go.

const (
	errCaching       = "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled"
	errCachingYes    = "ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode."
	errCachingNo     = "ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode."
	errRedirectTwice = "ERR A client can only redirect to a single other client"
	errRedirectGone  = "ERR The client ID you want redirect to does not exist"
	errPrefixAlone   = "ERR PREFIX option requires BCAST mode to be enabled"
	errSwitchBcast   = "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a different mode."
	errOptBcast      = "ERR OPTIN and OPTOUT are not compatible with BCAST"
	errOptBoth       = "ERR You can't specify both OPTIN mode and OPTOUT mode"
	errSwitchOpt     = "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a different mode."
	errOverlap       = "ERR Prefix '%s' overlaps with an existing prefix '%s'. Prefixes for a single client must not overlap."
	errOverlapGiven  = "ERR Prefix '%s' overlaps with another provided prefix '%s'. Prefixes for a single client must not overlap."
)

// trackingOptions are the options of CLIENT TRACKING.
type trackingOptions struct {
	mode     command.TrackMode
	redirect int64
	prefixes [][]byte
}

// parse reads the options. It answers an error and reports false if one is wrong.
func (o *trackingOptions) parse(c *command.Ctx) bool {
	for i := 3; i < len(c.Args); i++ {
		switch opt := c.Args[i]; {
		case command.Is(opt, "redirect") && i+1 < len(c.Args):
			i++
			if o.redirect != 0 {
				c.Out.Error(errRedirectTwice)
				return false
			}
			id, ok := c.Int(c.Args[i])
			if !ok {
				return false
			}
			if c.Env.Clients.Find(id) == nil {
				c.Out.Error(errRedirectGone)
				return false
			}
			o.redirect = id
		case command.Is(opt, "prefix") && i+1 < len(c.Args):
			i++
			o.prefixes = append(o.prefixes, c.Args[i])
		case command.Is(opt, "bcast"):
			o.mode |= command.TrackBroadcast
		case command.Is(opt, "optin"):
			o.mode |= command.TrackOptIn
		case command.Is(opt, "optout"):
			o.mode |= command.TrackOptOut
		case command.Is(opt, "noloop"):
			o.mode |= command.TrackNoLoop
		default:
			c.SyntaxError()
			return false
		}
	}
	return true
}

// fits checks the options against one another and against what the client has asked for before. It answers an error and
// reports false if they do not go together.
func (o *trackingOptions) fits(c *command.Ctx) bool {
	const opt = command.TrackOptIn | command.TrackOptOut
	old, on := c.Client.TrackingMode()
	broadcast := o.mode&command.TrackBroadcast != 0
	failure := ""
	switch {
	case !broadcast && len(o.prefixes) > 0:
		failure = errPrefixAlone
	case on && (old^o.mode)&command.TrackBroadcast != 0:
		failure = errSwitchBcast
	case broadcast && o.mode&opt != 0:
		failure = errOptBcast
	case o.mode&opt == opt:
		failure = errOptBoth
	case (old|o.mode)&opt == opt:
		failure = errSwitchOpt
	}
	if failure != "" {
		c.Out.Error(failure)
		return false
	}
	for i, p := range o.prefixes {
		if with, found := c.Client.TrackingOverlap(p); found {
			c.Out.Errorf(errOverlap, p, with)
			return false
		}
		for _, q := range o.prefixes[i+1:] {
			if tracking.Overlap(p, q) {
				c.Out.Errorf(errOverlapGiven, p, q)
				return false
			}
		}
	}
	return true
}

// cmdClientTracking answers CLIENT TRACKING ON|OFF [option ...].
func cmdClientTracking(c *command.Ctx) {
	var o trackingOptions
	if !o.parse(c) {
		return
	}
	on, ok := onOff(c, c.Args[2])
	switch {
	case !ok:
		return
	case !on:
		c.Client.Untrack()
	case !o.fits(c):
		return
	default:
		c.Client.Track(o.mode, o.redirect, o.prefixes)
	}
	c.Out.OK()
}

// cmdClientCaching answers CLIENT CACHING YES|NO.
func cmdClientCaching(c *command.Ctx) {
	mode, on := c.Client.TrackingMode()
	yes := command.Is(c.Args[2], "yes")
	switch {
	case !on:
		c.Out.Error(errCaching)
	case !yes && !command.Is(c.Args[2], "no"):
		c.SyntaxError()
	case yes && mode&command.TrackOptIn == 0:
		c.Out.Error(errCachingYes)
	case !yes && mode&command.TrackOptOut == 0:
		c.Out.Error(errCachingNo)
	default:
		c.Client.SetTrackingCaching()
		c.Out.OK()
	}
}

// cmdClientGetRedir answers CLIENT GETREDIR: the client that is told, 0 for none, -1 while tracking is off.
func cmdClientGetRedir(c *command.Ctx) { c.Out.Int(c.Client.TrackingRedirect()) }

// trackingFlags are the words of CLIENT TRACKINGINFO, in order.
var trackingFlags = []struct {
	with command.TrackMode
	word string
}{
	{command.TrackBroadcast, "bcast"},
	{command.TrackOptIn, "optin"},
	{command.TrackOptIn | command.TrackCaching, "caching-yes"},
	{command.TrackOptOut, "optout"},
	{command.TrackOptOut | command.TrackCaching, "caching-no"},
	{command.TrackNoLoop, "noloop"},
	{command.TrackBroken, "broken_redirect"},
}

// cmdClientTrackingInfo answers CLIENT TRACKINGINFO.
func cmdClientTrackingInfo(c *command.Ctx) {
	mode, on := c.Client.TrackingMode()
	words := []string{"off"}
	if on {
		words[0] = "on"
	}
	for _, f := range trackingFlags {
		if mode&f.with == f.with {
			words = append(words, f.word)
		}
	}
	o := c.Out
	o.Map(3)
	o.BulkString("flags")
	o.Set(len(words))
	for _, w := range words {
		o.BulkString(w)
	}
	o.BulkString("redirect")
	o.Int(c.Client.TrackingRedirect())
	o.BulkString("prefixes")
	list := c.Client.TrackingPrefixes()
	o.Array(len(list))
	for _, p := range list {
		o.Bulk(p)
	}
}
