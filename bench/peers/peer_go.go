// SPDX-License-Identifier: MIT

// peer_go.go - goroutines, channels and timers of Go, by the bench's protocol.
//
// One contender in a process, lines of "metric value", INTERLOOP_BENCH_OPS for
// the number of operations: what bench.h says holds here.  Plain `go build`, the
// standard library alone.
//
// There is one processor for goroutines (GOMAXPROCS=1), because a loop of ours
// has one thread and with two of them Go pays for locks between processors that
// nobody asked for; only channel-threads has two.  The figure is processor time
// of the whole process: what the garbage collector does for a goroutine or a
// timer is part of its price, and GOGC is left as users have it.
//
// Each contender is the fastest of the forms that Go programmers use:
//
//	yield           runtime.Gosched().  The first goroutine that has warmed up
//	                starts the clock, the last one stops it: making them is
//	                not counted
//	spawn           `go` on a function value made once, and a channel without
//	                a buffer to wait for it.  A WaitGroup costs a fifth more
//	                here, a channel closed by each goroutine as much
//	spawn-batch     1,000 of them and one WaitGroup; with a channel it takes
//	                twice as long
//	channel         one channel each way, without a buffer; the figure is a
//	                message, so one park and one wake
//	channel-buffered
//	                a stream through 128 slots
//	oneshot         a question through a channel, which brings along a channel of
//	                its own with room for the answer
//	channel-threads a stream through 1,024 slots from one processor to another;
//	                ns is wall time, cpu_ns the processor time of both
//	select          as channel, but each side has N channels and selects among
//	                them; the ball comes through one after the other.  Up to
//	                eight a select statement, as programs have it; more by
//	                reflect.Select(), as there is no other way
//	select-ready    one goroutine, N channels with a slot each, of which one is
//	                filled and then found by the select statement
//	timer-cancel    Stop() and Reset() of a timer made once, which allocates
//	                nothing; AfterFunc() and Stop() for each timeout, as
//	                context.WithTimeout() does, is timer-cancel-new
//	timer-expire    Reset(0) of 100 timers made once, then a receive from each;
//	                AfterFunc() starts a goroutine for each and takes half as
//	                long again
//	parked          a receive from one channel, which is closed to wake all.  The
//	                spawner yields after each hundred, which keeps the queue short
//	                and makes a million of them three times as fast
//	lock            an uncontended sync.Mutex, locked and unlocked
//	lock-handover   one of two goroutines yields while it holds the mutex, so
//	                that the other one has to wait for it each time
package main

import (
	"fmt"
	"os"
	"reflect"
	"runtime"
	"runtime/debug"
	"sort"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

const (
	batch  = 1000 // goroutines of spawn-batch
	nHot   = 100  // timers that expire together
	nDelay = 1 << 16
)

// --- Clocks and output -------------------------------------------------------

const processCPUTime = 2 // CLOCK_PROCESS_CPUTIME_ID

// cpuNs is processor time of the process.  getrusage() would do, but for its
// microseconds.
func cpuNs() int64 {
	var t syscall.Timespec
	_, _, errno := syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME,
		processCPUTime, uintptr(unsafe.Pointer(&t)), 0)
	if errno != 0 {
		fail("clock_gettime: " + errno.Error())
	}
	return t.Nano()
}

func fail(why string) {
	fmt.Fprintln(os.Stderr, "benchmark failed:", why)
	os.Exit(1)
}

func show(metric string, value float64) {
	fmt.Printf("%s %.3f\n", metric, value)
}

// ops is how many operations to do; bench_ops() of bench.h.
func ops(standard int64) int64 {
	n, err := strconv.ParseInt(os.Getenv("INTERLOOP_BENCH_OPS"), 10, 64)
	if err == nil && n > 0 {
		return n
	}
	return standard
}

// atLeast keeps a number of rounds from becoming none.
func atLeast(least, n int64) int64 {
	if n < least {
		return least
	}
	return n
}

// measure warms up and then times body(n), n operations.
func measure(n, warmUp int64, body func(n int64)) {
	body(warmUp)
	start := cpuNs()
	body(n)
	show("ns", float64(cpuNs()-start)/float64(n))
}

// --- Goroutines --------------------------------------------------------------

func runYield(n int64) {
	const warmUp = 20
	standard := int64(4000000)
	if n >= 10000 { // each misses the caches: fewer will do
		standard /= 2
	}
	each := atLeast(1, ops(standard)/n)
	var wait sync.WaitGroup
	var start, end int64
	left := n
	wait.Add(int(n))
	for i := int64(0); i < n; i++ {
		go func() {
			for k := 0; k < warmUp; k++ {
				runtime.Gosched()
			}
			if start == 0 {
				start = cpuNs()
			}
			for k := int64(0); k < each; k++ {
				runtime.Gosched()
			}
			left--
			if left == 0 {
				end = cpuNs()
			}
			wait.Done()
		}()
	}
	wait.Wait()
	show("ns", float64(end-start)/float64(n*each))
}

func runSpawn(int64) {
	var count int64
	done := make(chan struct{})
	body := func() {
		count++
		done <- struct{}{}
	}
	total := ops(1500000)
	measure(total, 1000, func(n int64) {
		for i := int64(0); i < n; i++ {
			go body()
			<-done
		}
	})
	if count != total+1000 {
		fail("a goroutine did not run")
	}
}

func runSpawnBatch(int64) {
	var wait sync.WaitGroup
	body := func() { wait.Done() }
	total := atLeast(1, ops(2000000)/batch) * batch
	measure(total, 10*batch, func(n int64) {
		for i := int64(0); i < n; i += batch {
			wait.Add(batch)
			for k := 0; k < batch; k++ {
				go body()
			}
			wait.Wait()
		}
	})
}

// --- Channels and locks ------------------------------------------------------

func runChannel(int64) {
	ping, pong := make(chan int), make(chan int)
	measure(ops(2000000)/2*2, 2000, func(n int64) {
		rounds := int(n / 2)
		go func() {
			for i := 0; i < rounds; i++ {
				pong <- <-ping
			}
		}()
		for i := 0; i < rounds; i++ {
			ping <- i
			if <-pong != i {
				fail("another message came back")
			}
		}
	})
}

// stream sends n numbers through a channel to a goroutine that adds them up.
func stream(capacity int) func(n int64) {
	return func(n int64) {
		items, sum := make(chan int64, capacity), make(chan int64)
		go func() {
			total := int64(0)
			for item := range items {
				total += item
			}
			sum <- total
		}()
		for i := int64(0); i < n; i++ {
			items <- i
		}
		close(items)
		if <-sum != n*(n-1)/2 {
			fail("numbers were lost")
		}
	}
}

func runChannelBuffered(int64) {
	measure(ops(5000000), 10000, stream(128))
}

func runOneshot(int64) {
	type question struct {
		number int
		reply  chan int
	}
	measure(ops(1500000), 2000, func(n int64) {
		questions := make(chan question, 1)
		go func() {
			for q := range questions {
				q.reply <- q.number
			}
		}()
		for i := 0; i < int(n); i++ {
			reply := make(chan int, 1)
			questions <- question{i, reply}
			if <-reply != i {
				fail("another answer came back")
			}
		}
		close(questions)
	})
}

func runChannelThreads(int64) {
	runtime.GOMAXPROCS(2)
	body := stream(1024)
	body(100000)
	n := ops(4000000)
	start, cpu := time.Now(), cpuNs()
	body(n)
	show("ns", float64(time.Since(start).Nanoseconds())/float64(n))
	show("cpu_ns", float64(cpuNs()-cpu)/float64(n))
}

// receiver returns a function that selects among n channels.
func receiver(channels []chan int) func() int {
	switch len(channels) {
	case 1:
		a := channels[0]
		return func() int {
			select {
			case v := <-a:
				return v
			}
		}
	case 8:
		a, b, c, d := channels[0], channels[1], channels[2], channels[3]
		e, f, g, h := channels[4], channels[5], channels[6], channels[7]
		return func() int {
			select {
			case v := <-a:
				return v
			case v := <-b:
				return v
			case v := <-c:
				return v
			case v := <-d:
				return v
			case v := <-e:
				return v
			case v := <-f:
				return v
			case v := <-g:
				return v
			case v := <-h:
				return v
			}
		}
	}
	cases := make([]reflect.SelectCase, len(channels))
	for i, channel := range channels {
		cases[i] = reflect.SelectCase{Dir: reflect.SelectRecv,
			Chan: reflect.ValueOf(channel)}
	}
	return func() int {
		_, value, _ := reflect.Select(cases)
		return int(value.Int())
	}
}

func makeChannels(n int64, capacity int) []chan int {
	channels := make([]chan int, n)
	for i := range channels {
		channels[i] = make(chan int, capacity)
	}
	return channels
}

func runSelect(n int64) {
	ping, pong := makeChannels(n, 0), makeChannels(n, 0)
	fromPing, fromPong := receiver(ping), receiver(pong)
	measure(ops(1000000)/2*2, 2000, func(count int64) {
		rounds := int(count / 2)
		go func() {
			for i, k := 0, 0; i < rounds; i++ {
				pong[k] <- fromPing()
				if k++; k == len(pong) {
					k = 0
				}
			}
		}()
		for i, k := 0, 0; i < rounds; i++ {
			ping[k] <- i
			if fromPong() != i {
				fail("another message came back")
			}
			if k++; k == len(ping) {
				k = 0
			}
		}
	})
}

func runSelectReady(n int64) {
	channels := makeChannels(n, 1)
	receive := receiver(channels)
	measure(ops(2000000), 2000, func(count int64) {
		for i, k := int64(0), 0; i < count; i++ {
			channels[k] <- int(i)
			if receive() != int(i) {
				fail("another message came")
			}
			if k++; k == len(channels) {
				k = 0
			}
		}
	})
}

func runLock(int64) {
	var mutex sync.Mutex
	count := 0
	measure(ops(20000000), 10000, func(n int64) {
		for i := int64(0); i < n; i++ {
			mutex.Lock()
			count++
			mutex.Unlock()
		}
	})
}

func runLockHandover(int64) {
	var mutex sync.Mutex
	var wait sync.WaitGroup
	measure(ops(2000000)/2*2, 2000, func(n int64) {
		wait.Add(2)
		for who := 0; who < 2; who++ {
			go func() {
				for i := int64(0); i < n/2; i++ {
					mutex.Lock()
					runtime.Gosched()
					mutex.Unlock()
				}
				wait.Done()
			}()
		}
		wait.Wait()
	})
}

// --- Timers ------------------------------------------------------------------

// makeDelays gives the delays of bench_timer.c, by the same xorshift64.
func makeDelays() []time.Duration {
	delays := make([]time.Duration, nDelay)
	x := uint64(88172645463325252)
	for i := range delays {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		delays[i] = time.Duration(1000000+x%1000000) * time.Millisecond
	}
	return delays
}

func nothing() {}

// pending returns n timers that will not expire before the program has ended.
func pending(n int64, delays []time.Duration) []*time.Timer {
	timers := make([]*time.Timer, n)
	for i := range timers {
		timers[i] = time.AfterFunc(delays[i*7%nDelay], nothing)
	}
	return timers
}

// cycle calls again() for one timer after the other, each with a new delay.
func cycle(n int64, again func(timer **time.Timer, delay time.Duration)) {
	delays := makeDelays()
	timers := pending(n, delays)
	measure(ops(2000000), 20000, func(count int64) {
		k := 0
		for i := int64(0); i < count; i++ {
			again(&timers[k], delays[i%nDelay])
			if k++; k == len(timers) {
				k = 0
			}
		}
	})
}

func runTimerCancel(n int64) {
	cycle(n, func(timer **time.Timer, delay time.Duration) {
		(*timer).Stop()
		(*timer).Reset(delay)
	})
}

func runTimerCancelNew(n int64) {
	cycle(n, func(timer **time.Timer, delay time.Duration) {
		(*timer).Stop()
		*timer = time.AfterFunc(delay, nothing)
	})
}

func runTimerExpire(n int64) {
	others := pending(n, makeDelays())
	hot := make([]*time.Timer, nHot)
	for i := range hot {
		hot[i] = time.NewTimer(0)
		<-hot[i].C
	}
	measure(atLeast(1, ops(1000000)/nHot)*nHot, 10*nHot, func(count int64) {
		for i := int64(0); i < count; i += nHot {
			for _, timer := range hot {
				timer.Reset(0)
			}
			for _, timer := range hot {
				<-timer.C
			}
		}
	})
	runtime.KeepAlive(others)
}

// --- Memory ------------------------------------------------------------------

// field is a line of /proc/self/status in bytes.
func field(name string) float64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		fail(err.Error())
	}
	for _, line := range strings.Split(string(text), "\n") {
		if words := strings.Fields(line); len(words) > 1 && words[0] == name {
			kib, _ := strconv.ParseFloat(words[1], 64)
			return kib * 1024
		}
	}
	fail("/proc/self/status: no " + name)
	return 0
}

func mappings() float64 {
	text, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		fail(err.Error())
	}
	return float64(strings.Count(string(text), "\n"))
}

func runParked(n int64) {
	var wait sync.WaitGroup
	var parked, finished int64
	gate := make(chan struct{})
	body := func() {
		parked++
		<-gate
		finished++
		wait.Done()
	}
	resident, tables, maps := field("VmRSS:"), field("VmPTE:"), mappings()
	start := cpuNs()
	wait.Add(int(n))
	for i := int64(0); i < n; i++ {
		go body()
		if i%100 == 99 {
			runtime.Gosched()
		}
	}
	for parked < n {
		runtime.Gosched()
	}
	took := cpuNs() - start
	show("tasks", float64(parked))
	show("bytes", (field("VmRSS:")-resident)/float64(n))
	show("page_tables", (field("VmPTE:")-tables)/1024)
	show("mappings", mappings()-maps)
	show("ns", float64(took)/float64(n))
	start = cpuNs()
	close(gate)
	wait.Wait()
	show("ns_end", float64(cpuNs()-start)/float64(n))
	show("finished", float64(finished))
	debug.FreeOSMemory()
	show("bytes_left", (field("VmRSS:")-resident)/float64(n))
}

// --- Command line ------------------------------------------------------------

type contender struct {
	run func(n int64)
	n   int64 // when the command line has none
}

var table = map[string]contender{
	"yield":            {runYield, 64},
	"spawn":            {runSpawn, 1},
	"spawn-batch":      {runSpawnBatch, 1},
	"channel":          {runChannel, 1},
	"channel-buffered": {runChannelBuffered, 1},
	"oneshot":          {runOneshot, 1},
	"channel-threads":  {runChannelThreads, 1},
	"select":           {runSelect, 8},
	"select-ready":     {runSelectReady, 8},
	"lock":             {runLock, 1},
	"lock-handover":    {runLockHandover, 1},
	"timer-cancel":     {runTimerCancel, 1000},
	"timer-cancel-new": {runTimerCancelNew, 1000},
	"timer-expire":     {runTimerExpire, 1000},
	"parked":           {runParked, 100000},
}

func usage() {
	names := []string{}
	for name := range table {
		names = append(names, name)
	}
	sort.Strings(names)
	fmt.Fprintln(os.Stderr, "usage:", os.Args[0],
		"CONTENDER [N], where CONTENDER is", strings.Join(names, " "))
	os.Exit(2)
}

func main() {
	if len(os.Args) < 2 || len(os.Args) > 3 {
		usage()
	}
	chosen, known := table[os.Args[1]]
	n := chosen.n
	if len(os.Args) > 2 {
		n, _ = strconv.ParseInt(os.Args[2], 10, 64)
	}
	if !known || n < 1 {
		usage()
	}
	runtime.GOMAXPROCS(1)
	chosen.run(n)
}
