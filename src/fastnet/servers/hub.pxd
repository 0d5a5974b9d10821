# What the threads of a native worker share, and the calls into the kernel that they share it by.
from libc.stdint cimport uint32_t, uint64_t
from cpython.ref cimport PyObject

from fastnet.apps.session cimport ServiceApp

cdef extern from "sys/epoll.h" nogil:
    ctypedef union epoll_data_t:
        uint64_t u64
    struct epoll_event:
        uint32_t events
        epoll_data_t data
    const int EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLL_CTL_DEL, EPOLL_CLOEXEC
    const uint32_t EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLET, EPOLLEXCLUSIVE, EPOLLONESHOT
    int epoll_create1(int flags)
    int epoll_ctl(int epfd, int op, int fd, epoll_event *event)
    int epoll_wait(int epfd, epoll_event *events, int most, int timeout_ms)

cdef extern from "sys/eventfd.h" nogil:
    const int EFD_NONBLOCK, EFD_CLOEXEC, EFD_SEMAPHORE
    int eventfd(unsigned int value, int flags)
    int eventfd_read(int fd, uint64_t *value)
    int eventfd_write(int fd, uint64_t value)

cdef extern from "sys/timerfd.h" nogil:
    struct timespec:
        long long tv_sec
        long tv_nsec
    struct itimerspec:
        timespec it_interval
        timespec it_value
    const int TFD_NONBLOCK, TFD_CLOEXEC, TFD_TIMER_ABSTIME
    int timerfd_create(int clock, int flags)
    int timerfd_settime(int fd, int flags, const itimerspec *to, itimerspec *old)

cdef extern from "semaphore.h" nogil:
    ctypedef struct sem_t:
        pass
    int sem_init(sem_t *semaphore, int shared, unsigned int value)
    int sem_post(sem_t *semaphore)
    int sem_wait(sem_t *semaphore)

cdef extern from *:
    """
    #define fn_claim(p) __sync_bool_compare_and_swap(p, 0, 1)
    #define fn_mark(p) __sync_bool_compare_and_swap(p, 1, 2)
    #define fn_release(p) __sync_bool_compare_and_swap(p, 1, 0)
    #define fn_store(p, v) __atomic_store_n(p, v, __ATOMIC_SEQ_CST)
    #define fn_add(p, v) __sync_add_and_fetch(p, v)
    static inline int fn_raise(int *p, int v)
    {
        int was = __atomic_load_n(p, __ATOMIC_SEQ_CST);
        while (was < v)
            if (__atomic_compare_exchange_n(p, &was, v, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
                return 1;
        return 0;
    }
    static inline int fn_lower(double *p, double v)
    {
        double was;
        __atomic_load(p, &was, __ATOMIC_SEQ_CST);
        while (v < was)
            if (__atomic_compare_exchange(p, &was, &v, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
                return 1;
        return 0;
    }
    """
    bint fn_claim(int *state) noexcept nogil        # free -> claimed
    bint fn_mark(int *state) noexcept nogil         # claimed -> claimed, and something happened meanwhile
    bint fn_release(int *state) noexcept nogil      # claimed and unmarked -> free
    void fn_store(int *state, int value) noexcept nogil
    int fn_add(int *count, int n) noexcept nogil
    bint fn_raise(int *to, int value) noexcept nogil         # to = max(to, value); whether that changed it
    bint fn_lower(double *to, double value) noexcept nogil   # to = min(to, value); whether that changed it

cdef enum:
    # in event data; below them: file descriptors of connections
    LISTENER = 1 << 30         # and up: number of a listener
    ALARM = LISTENER - 1       # somebody should look up: a connection queues, or the hub is stopping
    TIMER = LISTENER - 2       # a deadline has passed
    SIGNALS = LISTENER - 3

# The place of a file descriptor.
cdef struct Place:
    PyObject *channel
    double deadline
    uint32_t generation        # tells an event of a closed connection from one of its successor
    int state                  # see fn_claim

cdef class Hub:
    cdef int epfd, alarm, timer, signals, signals_in, size, top, count, sweeping, threads
    cdef Place *places
    cdef object again                 # deque of (fd, generation): connections that queue up for another turn
    cdef object lock                  # of accepting, resume_at, draining
    cdef list listeners, names        # names: as an app is told; None: ask the connection
    cdef object upgrade               # the context of connections that ask for TLS when they are open; None: they cannot
    cdef list contexts                # of listeners: an SSLContext, or None where connections are not encrypted
    cdef list is_datagram, datagrams  # of listeners: whether it is a UDP socket, and its Datagrams or None
    cdef list left                    # draining: (number, descriptor) of listeners whose backlog is still to be let in
    cdef int n_listeners, accepts
    cdef bint owns_listeners          # no other process has them
    cdef long max_connections
    cdef int pollers, parked          # threads that poll or are about to, that wait for `turnstile`; guarded by the GIL
    cdef sem_t turnstile
    cdef bint accepting, draining, stopping, failed
    cdef bint short_of_files
    cdef double warned_at             # when the log said so
    cdef bint takes_turns             # many threads, one GIL
    cdef double next_sweep, resume_at, drain_until, drain_timeout
    cdef double handshake_timeout     # of TLS
    cdef double idle_until            # while draining: when connections without a request are closed
    cdef int watch(self, int fd, uint32_t events, uint64_t data) except -1
    cdef int accept_on(self) except -1
    cdef int accept_off(self, double resume_at) except -1   # leave connections in the backlog until then, or a close
    cdef int run_short(self, double now, str what) except -1   # there is no descriptor for a further connection
    cdef int open_datagrams(self, ServiceApp app, double now, bint first) except -1
    cdef int unwatch(self, int fd) except -1
    cdef int watch_again(self, int number) except -1        # a UDP socket that a thread has served
    cdef int see_to(self, double deadline) noexcept         # have a sweep at this time, or earlier
    cdef int queue_up(self, int fd, uint32_t generation) except -1   # serve it again, after those that are ready
    cdef int close(self) noexcept                           # its own descriptors; all threads have ended
    cdef int stop(self) noexcept                            # all threads end
