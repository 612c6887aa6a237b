/* Copyright (c) 2026, the mailops.smtp authors
 * GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A mail server that accepts everything and forgets it, as fast as the kernel lets one thread: what a benchmark
 * measures against it is the client. Listens on all addresses.
 *
 *     sink PORT [CERTIFICATE KEY]
 *
 * Prints "ready" when it listens, and at SIGTERM how many sessions, QUITs and messages there were. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

enum { LINE = 2048, REPLIES = 8192, EVENTS = 512 };

struct session {
    int fd, in_data, leaving, handshaking;
    SSL *tls;
    size_t length;          /* of the line that has not ended yet */
    char line[LINE];
};

static volatile sig_atomic_t ended;
static long sessions, quits, messages;
static SSL_CTX *context;

static void end(int number) { (void)number; ended = 1; }

static void drop(struct session *session) {
    if (session->tls) {
        if (!session->handshaking) SSL_shutdown(session->tls);
        SSL_free(session->tls);
    }
    close(session->fd);
    free(session);
}

static int starts(const char *line, const char *verb) { return strncasecmp(line, verb, strlen(verb)) == 0; }

/* The reply to one line, or NULL where none is due. */
static const char *reply_to(struct session *session, const char *line, size_t length) {
    if (session->in_data) {
        if (length != 1 || line[0] != '.') return NULL;
        session->in_data = 0;
        messages++;
        return "250 2.0.0 Ok: queued as 4SINK\r\n";
    }
    if (starts(line, "EHLO"))
        return context && !session->tls
            ? "250-sink.example\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250-STARTTLS\r\n"
              "250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250 DSN\r\n"
            : "250-sink.example\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n"
              "250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250 DSN\r\n";
    if (starts(line, "MAIL")) return "250 2.1.0 Ok\r\n";
    if (starts(line, "RCPT")) return "250 2.1.5 Ok\r\n";
    if (starts(line, "DATA")) {
        session->in_data = 1;
        return "354 End data with <CR><LF>.<CR><LF>\r\n";
    }
    if (starts(line, "QUIT")) {
        session->leaving = 1;
        quits++;
        return "221 2.0.0 Bye\r\n";
    }
    if (starts(line, "STARTTLS") && context && !session->tls) {
        session->handshaking = 1;
        return "220 2.0.0 Ready to start TLS\r\n";
    }
    if (starts(line, "HELO") || starts(line, "RSET") || starts(line, "NOOP")) return "250 2.0.0 Ok\r\n";
    return "500 5.5.2 Error: command not recognized\r\n";
}

/* Returns 0 when the session is over. Replies to what came together leave together. */
static int take(struct session *session, const char *octets, size_t count) {
    char replies[REPLIES];
    size_t filled = 0;
    for (size_t at = 0; at < count; at++) {
        if (octets[at] != '\n') {
            if (session->length < LINE - 1) session->line[session->length++] = octets[at];
            continue;
        }
        size_t length = session->length;
        if (length && session->line[length - 1] == '\r') length--;
        session->line[length] = 0;
        session->length = 0;
        const char *reply = reply_to(session, session->line, length);
        if (reply) {
            size_t size = strlen(reply);
            if (filled + size > REPLIES) break;
            memcpy(replies + filled, reply, size);
            filled += size;
        }
        if (session->leaving || session->handshaking) break;
    }
    if (filled) {
        long sent = session->tls ? SSL_write(session->tls, replies, (int)filled)
                                 : send(session->fd, replies, filled, MSG_NOSIGNAL);
        if (sent != (long)filled) return 0;
    }
    if (session->handshaking) {
        session->tls = SSL_new(context);
        SSL_set_fd(session->tls, session->fd);
        SSL_set_accept_state(session->tls);
    }
    return !session->leaving;
}

static int go_on(struct session *session) {
    char octets[16384];
    for (;;) {
        if (session->tls && session->handshaking) {
            int done = SSL_do_handshake(session->tls);
            if (done != 1) return SSL_get_error(session->tls, done) == SSL_ERROR_WANT_READ;
            session->handshaking = 0;
        }
        long count;
        if (session->tls) {
            count = SSL_read(session->tls, octets, sizeof octets);
            if (count <= 0) return SSL_get_error(session->tls, (int)count) == SSL_ERROR_WANT_READ;
        } else {
            count = recv(session->fd, octets, sizeof octets, 0);
            if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return 1;
            if (count <= 0) return 0;
        }
        if (!take(session, octets, (size_t)count)) return 0;
        if (!session->tls && count < (long)sizeof octets) return 1;
    }
}

static void greet(int poll, int listener) {
    static const char banner[] = "220 sink ESMTP\r\n";
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
        if (fd < 0) return;
        int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        struct session *session = calloc(1, sizeof *session);
        session->fd = fd;
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = session};
        sessions++;
        if (send(fd, banner, sizeof banner - 1, MSG_NOSIGNAL) < 0 || epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event))
            drop(session);
    }
}

int main(int count, char **arguments) {
    if (count != 2 && count != 4) {
        fprintf(stderr, "usage: sink PORT [CERTIFICATE KEY]\n");
        return 2;
    }
    if (count == 4) {
        context = SSL_CTX_new(TLS_server_method());
        if (SSL_CTX_use_certificate_chain_file(context, arguments[2]) != 1 ||
            SSL_CTX_use_PrivateKey_file(context, arguments[3], SSL_FILETYPE_PEM) != 1) {
            ERR_print_errors_fp(stderr);
            return 1;
        }
        SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    }
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    struct sigaction action = {.sa_handler = end};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    signal(SIGPIPE, SIG_IGN);

    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(arguments[1]))};
    if (bind(listener, (struct sockaddr *)&place, sizeof place) || listen(listener, 65535)) {
        perror("sink");
        return 1;
    }
    int poll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL}, events[EVENTS];
    epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
    puts("ready");
    fflush(stdout);
    while (!ended) {
        int ready = epoll_wait(poll, events, EVENTS, -1);
        for (int number = 0; number < ready; number++) {
            struct session *session = events[number].data.ptr;
            if (!session) greet(poll, listener);
            else if (!go_on(session)) drop(session);
        }
    }
    printf("{\"sessions\": %ld, \"quits\": %ld, \"messages\": %ld}\n", sessions, quits, messages);
    return 0;
}
