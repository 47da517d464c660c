package mem

// Pages that are free but resident (dirty) are kept for a while, because taking them again costs no page fault. How
// many to keep is decided by what was needed: the layer remembers the smallest number of dirty pages in each of the
// last decayEpochs slices of the decay time. So many pages lay idle during all of it; so many are purged,
// longest extents first. An extent needs no time stamp, and pages that are needed now and then stay.
const decayEpochs = 8

// What one call of Decay may purge, to bound its time: pages, and extents, since a call of madvise takes a few microseconds
// however few pages it is about. After a large value of small entries is gone, most free extents are a page or two.
const (
	decaySlice   = 1024
	decayExtents = 24
)

type decayState struct {
	epoch int64            // length of a slice of the decay time in ms; negative: never
	end   int64            // when the current slice ends
	low   [decayEpochs]int // fewest dirty pages seen, per slice
	cur   int
}

func (d *decayState) init(millis int64) {
	*d = decayState{epoch: millis}
	if millis > 0 {
		d.epoch = max(millis/decayEpochs, 1)
	}
}

// sawDirty notes the number of dirty pages after it fell.
func (d *decayState) sawDirty(pages int) {
	if pages < d.low[d.cur] {
		d.low[d.cur] = pages
	}
}

// idle moves the clock and returns the number of pages that were dirty during all of the decay time.
func (d *decayState) idle(now int64, dirty int) int {
	if d.epoch < 0 {
		return 0
	}
	if d.end == 0 {
		d.end = now + d.epoch
	}
	if late := (now - d.end) / d.epoch; late > decayEpochs {
		d.end += (late - decayEpochs) * d.epoch // more slices than we remember: skip the oldest
	}
	for now >= d.end {
		d.end += d.epoch
		d.cur = (d.cur + 1) % decayEpochs
		d.low[d.cur] = dirty
	}
	n := dirty
	for _, low := range d.low {
		n = min(n, low)
	}
	return n
}

// purged notes that n of the idle pages are gone.
func (d *decayState) purged(n int) {
	for i := range d.low {
		d.low[i] = max(d.low[i]-n, 0)
	}
}

// Decay gives free pages back to the kernel that nobody needed for the decay time, at most 4 MiB and a few
// extents in one call, and reports whether there are more. now is in milliseconds and never goes back. The server's cron calls it; any goroutine
// may, no lock is needed.
func Decay(now int64) (more bool) {
	l := &pages
	l.mu.Lock()
	idle := l.decay.idle(now, l.dirty.pages)
	l.mu.Unlock()
	if idle == 0 {
		return false
	}
	n := l.purge(min(idle, decaySlice), decayExtents)
	l.mu.Lock()
	l.decay.purged(n)
	l.mu.Unlock()
	return idle > n && n > 0
}

// Purge gives all free pages back to the kernel at once and returns how many bytes that were. Empty slabs that an arena
// keeps are not free pages; see Arena.Trim.
func Purge() int64 {
	return int64(pages.purge(1<<30, 1<<30)) * pageSize
}

// PurgeSome is Purge for at most 4 MiB and a few extents, and reports whether there are more.
func PurgeSome() (bytes int64, more bool) {
	n := pages.purge(decaySlice, decayExtents)
	return int64(n) * pageSize, n > 0
}

// purge purges up to limit dirty pages in up to extents pieces, longest extents first, and returns how many. The lock is given up for each
// madvise, so that nobody waits for the kernel.
func (l *pageLayer) purge(limit, extents int) (done int) {
	l.mu.Lock()
	for ; done < limit && extents > 0; extents-- {
		s := l.dirty.longest()
		if s == nil {
			break
		}
		l.dirty.remove(s)
		if room := uint32(limit - done); s.pages > room && l.records.want(1, 1) {
			// Cut: the high end goes, the low end stays.
			f := l.records.take(1)
			f.start, f.pages = s.start+s.pages-room, room
			s.pages -= room
			s.mapEnds()
			f.mapEnds()
			l.dirty.add(s)
			s = f
		}
		done += int(s.pages)
		l.purgeOne(s)
	}
	l.decay.sawDirty(l.dirty.pages)
	l.mu.Unlock()
	return done
}

// purgeOne makes a free extent that is in no set clean. It gives the lock up meanwhile.
func (l *pageLayer) purgeOne(s *record) {
	s.state = statePurging
	n := int(s.pages)
	l.purging += n
	from := int(s.start) << pageShift
	l.mu.Unlock()
	openState.space.discard(from, from+n<<pageShift)
	l.mu.Lock()
	l.purging -= n
	l.insert(s, stateClean)
}

func (l *pageLayer) purgingNow() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.purging > 0
}
