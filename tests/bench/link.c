/* Copyright (c) 2026, the mailops.smtp authors
 * GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A long line between two network namespaces, for kernels without netem: two TUN devices, and between them this
 * program, which holds each packet back.
 *
 *     link NAMESPACE_FILE NAMESPACE_FILE MICROSECONDS
 *
 * The devices are called "line". Each direction takes so many microseconds, a round trip twice as many. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { OCTETS = 1600, AT_ONCE = 64 };

struct packet {
    struct packet *next;
    uint64_t due;
    ssize_t size;
    char octets[];
};

struct direction {
    int from, to;
    struct packet *first, *last;
};

static uint64_t now(void) {
    struct timespec moment;
    clock_gettime(CLOCK_MONOTONIC, &moment);
    return (uint64_t)moment.tv_sec * 1000000000u + (uint64_t)moment.tv_nsec;
}

static int device(const char *namespace) {
    int place = open(namespace, O_RDONLY | O_CLOEXEC);
    if (place < 0 || setns(place, CLONE_NEWNET)) return -1;
    close(place);
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    strcpy(request.ifr_name, "line");
    return fd >= 0 && !ioctl(fd, TUNSETIFF, &request) ? fd : -1;
}

static void take(struct direction *way, uint64_t delay) {
    char octets[OCTETS];
    for (int number = 0; number < AT_ONCE; number++) {
        ssize_t size = read(way->from, octets, sizeof octets);
        if (size <= 0) return;
        struct packet *packet = malloc(sizeof *packet + (size_t)size);
        packet->next = NULL;
        packet->due = now() + delay;
        packet->size = size;
        memcpy(packet->octets, octets, (size_t)size);
        if (way->last) way->last->next = packet;
        else way->first = packet;
        way->last = packet;
    }
}

static void pass_on(struct direction *way) {
    uint64_t moment = now();
    while (way->first && way->first->due <= moment) {
        struct packet *packet = way->first;
        if (write(way->to, packet->octets, (size_t)packet->size) < 0 && errno == EAGAIN) return;
        way->first = packet->next;
        if (!way->first) way->last = NULL;
        free(packet);
    }
}

int main(int count, char **arguments) {
    if (count != 4) {
        fprintf(stderr, "usage: link NAMESPACE_FILE NAMESPACE_FILE MICROSECONDS\n");
        return 2;
    }
    uint64_t delay = strtoull(arguments[3], NULL, 10) * 1000;
    int one = device(arguments[1]), other = device(arguments[2]);
    if (one < 0 || other < 0) {
        perror("link");
        return 1;
    }
    struct direction ways[2] = {{.from = one, .to = other}, {.from = other, .to = one}};
    int poll = epoll_create1(0), timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    for (int way = 0; way < 2; way++) {
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)way};
        epoll_ctl(poll, EPOLL_CTL_ADD, ways[way].from, &event);
    }
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = 2}, events[3];
    epoll_ctl(poll, EPOLL_CTL_ADD, timer, &event);
    puts("ready");
    fflush(stdout);
    for (;;) {
        int ready = epoll_wait(poll, events, 3, -1);
        for (int number = 0; number < ready; number++) {
            uint64_t expired;
            if (events[number].data.u32 < 2) take(&ways[events[number].data.u32], delay);
            else if (read(timer, &expired, sizeof expired) < 0) continue;
        }
        uint64_t next = 0;
        for (int way = 0; way < 2; way++) {
            pass_on(&ways[way]);
            if (ways[way].first && (!next || ways[way].first->due < next)) next = ways[way].first->due;
        }
        struct itimerspec when = {.it_value = {.tv_sec = (time_t)(next / 1000000000u), .tv_nsec = (long)(next % 1000000000u)}};
        timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, NULL);
    }
}
