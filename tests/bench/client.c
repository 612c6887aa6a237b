/* Copyright (c) 2026, the mailops.smtp authors
 * GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a dialog costs at the least: banner, EHLO, MAIL, RCPT, QUIT on bare epoll, without a record of anything.
 *
 *     client FIRST_ADDRESS ADDRESSES PORT DIALOGS IN_FLIGHT PIPELINED MESSAGE_OCTETS
 *
 * Each dialog goes to the next address. Prints its seconds, its CPU seconds and its peak memory as JSON. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 512 };

struct dialog {
    int fd, stage, awaited;   /* replies still to come to what was sent */
    char code[4];             /* the beginning of the line under way */
    int column;
};

static const char *stages[7];
static int awaited_at[7], last_stage;
static struct sockaddr_in place;
static unsigned addresses, first_address, next_address;
static int poll;
static long started, failed;

static void begin(void) {
    struct dialog *dialog = calloc(1, sizeof *dialog);
    int on = 1;
    dialog->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(dialog->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    place.sin_addr.s_addr = htonl(first_address + next_address++ % addresses);
    if (connect(dialog->fd, (struct sockaddr *)&place, sizeof place) && errno != EINPROGRESS) {
        perror("client");
        exit(1);
    }
    dialog->awaited = 1;
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.ptr = dialog};
    epoll_ctl(poll, EPOLL_CTL_ADD, dialog->fd, &event);
    started++;
}

/* Returns 0 when the dialog is over. */
static int go_on(struct dialog *dialog) {
    char octets[4096];
    long count = recv(dialog->fd, octets, sizeof octets, 0);
    if (count < 0 && errno == EAGAIN) return 1;
    if (count <= 0) {
        failed++;
        return 0;
    }
    for (long at = 0; at < count; at++) {
        if (dialog->column < 4) dialog->code[dialog->column] = octets[at];
        dialog->column++;
        if (octets[at] != '\n') continue;
        dialog->column = 0;
        if (dialog->code[3] == '-') continue;
        if (dialog->code[0] != '2' && dialog->code[0] != '3') failed++;
        if (--dialog->awaited > 0) continue;
        if (dialog->stage == last_stage) return 0;
        const char *wire = stages[dialog->stage];
        dialog->awaited = awaited_at[dialog->stage++];
        if (send(dialog->fd, wire, strlen(wire), MSG_NOSIGNAL) < 0) {
            failed++;
            return 0;
        }
    }
    return 1;
}

static void add(const char *wire, int replies) {
    stages[last_stage] = wire;
    awaited_at[last_stage++] = replies;
}

static double now(void) {
    struct timespec moment;
    clock_gettime(CLOCK_MONOTONIC, &moment);
    return (double)moment.tv_sec + (double)moment.tv_nsec / 1e9;
}

int main(int count, char **arguments) {
    if (count != 8) {
        fprintf(stderr, "usage: client FIRST_ADDRESS ADDRESSES PORT DIALOGS IN_FLIGHT PIPELINED MESSAGE_OCTETS\n");
        return 2;
    }
    first_address = ntohl(inet_addr(arguments[1]));
    addresses = (unsigned)atoi(arguments[2]);
    place.sin_family = AF_INET;
    place.sin_port = htons((uint16_t)atoi(arguments[3]));
    long dialogs = atol(arguments[4]), in_flight = atol(arguments[5]), ended = 0;
    size_t octets = (size_t)atol(arguments[7]);
    char *message = calloc(1, octets + 16);
    for (size_t at = 0; at < octets; at++) message[at] = at % 72 == 70 ? '\r' : at % 72 == 71 ? '\n' : 'x';
    strcat(message, "\r\n.\r\n");

    add("EHLO client.example\r\n", 1);
    if (atoi(arguments[6]) && !octets) {
        add("MAIL FROM:<a@client.example>\r\nRCPT TO:<b@sink.example>\r\nQUIT\r\n", 3);
    } else if (atoi(arguments[6])) {
        add("MAIL FROM:<a@client.example>\r\nRCPT TO:<b@sink.example>\r\nDATA\r\n", 3);
        strcat(message, "QUIT\r\n");
        add(message, 2);
    } else {
        add("MAIL FROM:<a@client.example>\r\n", 1);
        add("RCPT TO:<b@sink.example>\r\n", 1);
        if (octets) {
            add("DATA\r\n", 1);
            add(message, 1);
        }
        add("QUIT\r\n", 1);
    }

    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    poll = epoll_create1(0);
    struct epoll_event events[EVENTS];
    double began = now();
    while (started < dialogs && started < in_flight) begin();
    while (ended < dialogs) {
        int ready = epoll_wait(poll, events, EVENTS, -1);
        for (int number = 0; number < ready; number++) {
            struct dialog *dialog = events[number].data.ptr;
            if (go_on(dialog)) continue;
            close(dialog->fd);
            free(dialog);
            ended++;
            if (started < dialogs) begin();
        }
    }
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    double cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                 (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    printf("{\"seconds\": %.6f, \"cpu\": %.6f, \"peak_kb\": %ld, \"failed\": %ld}\n", now() - began, cpu,
           usage.ru_maxrss, failed);
    return failed != 0;
}
