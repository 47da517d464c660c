package admin

import (
	"granary/internal/command"
	"granary/internal/info"
	"granary/internal/ledger"
	"granary/internal/mem"
)

var memorySection = section{Name: "memory", Title: "Memory", When: info.Default | info.All, Fields: append(
	[]row{
		size("used_memory", used), human("used_memory", used),
		size("used_memory_rss", resident), human("used_memory_rss", resident),
		size("used_memory_peak", peak), human("used_memory_peak", peak),
		percent("used_memory_peak_perc", func(v *view) float64 { return 100 * command.Share(v.mem().Used, v.mem().Peak.Used) }),
		count("used_memory_peak_time", func(v *view) int64 { return v.mem().Peak.At / 1000 }),
		size("used_memory_overhead", func(v *view) int64 { return v.mem().Overhead }),
		size("used_memory_startup", func(v *view) int64 { return v.mem().Startup }),
		size("used_memory_dataset", func(v *view) int64 { return v.mem().Dataset }),
		percent("used_memory_dataset_perc", func(v *view) float64 { return 100 * v.mem().DatasetShare() }),
		size("allocator_allocated", allocated),
		size("allocator_active", active),
		size("allocator_resident", allocResident),
		idle("allocator_muzzy"),
		size("total_system_memory", systemMemory), human("total_system_memory", systemMemory),
		size("used_memory_lua", vmEval), human("used_memory_lua", vmEval),
		size("used_memory_vm_eval", vmEval),
		size("used_memory_scripts_eval", scripts),
		count("number_of_cached_scripts", func(v *view) int64 { return v.scripts().Cached }),
		count("number_of_functions", func(v *view) int64 { return v.scripts().Functions }),
		count("number_of_libraries", func(v *view) int64 { return v.scripts().Libraries }),
		size("used_memory_vm_functions", vmFunctions),
		size("used_memory_vm_total", vmTotal), human("used_memory_vm_total", vmTotal),
		size("used_memory_functions", functions),
		size("used_memory_scripts", allScripts), human("used_memory_scripts", allScripts),
		size("maxmemory", maxMemory), human("maxmemory", maxMemory),
		text("maxmemory_policy", func(v *view) string { return v.cfg.MaxMemoryPolicy.String() }),
		size("maxmemory_headroom", func(v *view) int64 { return v.env.ReadHeadroom().MaxMemory }),
		size("maxmemory_data", func(v *view) int64 { return v.cfg.MaxMemoryDataBytes() }),
		size("maxmemory_data_used", func(v *view) int64 { return v.env.ReadHeadroom().DataUsed }),
		size("maxmemory_data_headroom", func(v *view) int64 { return v.env.ReadHeadroom().Data }),
		size("eviction_headroom", func(v *view) int64 { return v.env.ReadHeadroom().Eviction }),
		ratio("allocator_frag_ratio", func(v *view) float64 { return command.Share(active(v), allocated(v)) }),
		size("allocator_frag_bytes", func(v *view) int64 { return v.mem().FragBytes() }),
		ratio("allocator_rss_ratio", func(v *view) float64 { return command.Share(allocResident(v), active(v)) }),
		size("allocator_rss_bytes", func(v *view) int64 { return v.mem().FreePages() }),
		ratio("rss_overhead_ratio", func(v *view) float64 { return command.Share(resident(v), allocResident(v)) }),
		size("rss_overhead_bytes", func(v *view) int64 { return v.mem().OutsideAllocator() }),
		ratio("mem_fragmentation_ratio", func(v *view) float64 { return v.mem().Fragmentation() }),
		size("mem_fragmentation_bytes", func(v *view) int64 { return resident(v) - used(v) }),
		size("mem_not_counted_for_evict", func(v *view) int64 { return v.mem().NotEvictable() }),
		size("mem_replication_backlog", func(v *view) int64 { return v.mem().Backlog }),
		size("mem_total_replication_buffers", func(v *view) int64 { return v.mem().Backlog + v.mem().Replicas }),
		idle("mem_replica_full_sync_buffer"),
		size("mem_clients_slaves", func(v *view) int64 { return v.mem().Replicas }),
		size("mem_clients_normal", func(v *view) int64 { return v.mem().Clients }),
		idle("mem_cluster_links"),
		size("mem_aof_buffer", func(v *view) int64 { return v.mem().AOF }),
		fixed("mem_allocator", info.Allocator()),
		text("allocator_profile", func(v *view) string { return v.cfg.AllocatorProfile.String() }),
		idle("mem_overhead_db_hashtable_rehashing"),
		count("active_defrag_running", func(v *view) int64 { return v.defrag().Running }),
		size("mem_reclaimable", func(v *view) int64 { return v.defrag().Reclaimable }),
		size("active_defrag_freed", func(v *view) int64 { return v.defrag().Emptied }),
		count("active_defrag_longest_usec", func(v *view) int64 { return v.defrag().Longest / 1000 }),
		count("lazyfree_pending_objects", func(v *view) int64 { return int64(v.env.Keys.Pending()) }),
		count("lazyfreed_objects", func(v *view) int64 { return v.env.Keys.Stats.LazyFreed }),
		size("go_heap_inuse", func(v *view) int64 { return v.mem().Process.GoHeapInUse }),
		size("go_heap_idle", func(v *view) int64 { return v.mem().Process.GoHeapIdle }),
		size("go_stacks", func(v *view) int64 { return v.mem().Process.GoStacks }),
		size("go_sys", func(v *view) int64 { return v.mem().Process.GoTotal }),
		count("go_heap_objects", func(v *view) int64 { return v.mem().Process.GoObjects }),
		count("go_gc_cycles", func(v *view) int64 { return v.mem().Process.GCCycles }),
		seconds("go_gc_pause_seconds", func(v *view) float64 { return v.mem().Process.GCPauseTotal.Seconds() }),
		size("mem_allocator_metadata", func(v *view) int64 { return v.mem().Ledger.Lines[ledger.LineMetadata] }),
		size("mem_allocator_retained", func(v *view) int64 { return v.mem().Ledger.Sums.Retained }),
	}, append(ledgerRows(), bookRows()...)...)}

// ledgerRows are the four parts of resident memory, and what they do not explain.
func ledgerRows() []row {
	var rows []row
	for p := range ledger.NumParts {
		rows = append(rows, size("ledger_"+ledger.Part(p).String(), func(v *view) int64 {
			return v.mem().Ledger.Part(ledger.Part(p))
		}))
	}
	return append(rows,
		size("ledger_unexplained", func(v *view) int64 { return v.mem().Ledger.Unexplained }),
		size("ledger_untouched", func(v *view) int64 { return v.mem().Ledger.Untouched }),
		size("ledger_cgroup", func(v *view) int64 { return v.mem().Ledger.Cgroup }),
		size("ledger_cgroup_limit", func(v *view) int64 { return v.mem().Ledger.CgroupLimit }),
	)
}

// bookRows are the books: used_memory by heading, and by purpose where something is booked.
func bookRows() []row {
	var rows []row
	for h := range mem.NumHeadings {
		name := map[mem.Heading]string{
			mem.HeadingData: "mem_data", mem.HeadingBuffers: "mem_buffers", mem.HeadingOwn: "mem_own",
		}[mem.Heading(h)]
		rows = append(rows, size(name, func(v *view) int64 { return v.mem().Booked(mem.Heading(h)) }))
	}
	return rows
}

func used(v *view) int64          { return v.mem().Used }
func resident(v *view) int64      { return v.mem().Ledger.RSS }
func peak(v *view) int64          { return v.mem().Peak.Used }
func active(v *view) int64        { return v.mem().Active() }
func allocResident(v *view) int64 { return v.mem().AllocatorResident() }
func vmEval(v *view) int64        { return v.scripts().VMEval }
func vmFunctions(v *view) int64   { return v.scripts().VMFunctions }
func vmTotal(v *view) int64       { return vmEval(v) + vmFunctions(v) }
func scripts(v *view) int64       { return v.scripts().ScriptBytes }
func functions(v *view) int64     { return v.scripts().FunctionBytes }
func allScripts(v *view) int64    { return scripts(v) + functions(v) }
func maxMemory(v *view) int64     { return v.cfg.MaxMemory }
func systemMemory(*view) int64    { return totalMemory }

func allocated(v *view) int64 { return v.mem().Allocated() }
