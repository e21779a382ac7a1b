/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/mailbox.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>

#include "base/cleanup.h"

struct mailbox {
	pthread_mutex_t mutex;
	struct mail *first, **last; /* protected by mutex */
	int eventfd;
};

static struct mail *mailbox_take_all(struct mailbox *mailbox)
{
	struct mail *mail;

	pthread_mutex_lock(&mailbox->mutex);
	mail = mailbox->first;
	mailbox->first = NULL;
	mailbox->last = &mailbox->first;
	pthread_mutex_unlock(&mailbox->mutex);
	return mail;
}

static int on_eventfd(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct mailbox *mailbox = userdata;
	struct mail *mail, *next;
	eventfd_t count;

	eventfd_read(fd, &count);
	for (mail = mailbox_take_all(mailbox); mail; mail = next) {
		next = mail->next;
		mail->deliver(mail);
	}
	return 0;
}

int mailbox_new(sd_event *event, struct mailbox **ret_mailbox)
{
	CLEANUP(freep) struct mailbox *mailbox = calloc(1, sizeof(*mailbox));
	int r;

	if (!mailbox)
		return -ENOMEM;
	mailbox->last = &mailbox->first;
	mailbox->eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (mailbox->eventfd < 0)
		return -errno;
	r = sd_event_add_io(event, NULL, mailbox->eventfd, EPOLLIN, on_eventfd, mailbox);
	if (r < 0) {
		close(mailbox->eventfd);
		return r;
	}
	pthread_mutex_init(&mailbox->mutex, NULL);
	*ret_mailbox = TAKE(mailbox);
	return 0;
}

void mailbox_post(struct mailbox *mailbox, struct mail *mail)
{
	mail->next = NULL;
	pthread_mutex_lock(&mailbox->mutex);
	*mailbox->last = mail;
	mailbox->last = &mail->next;
	pthread_mutex_unlock(&mailbox->mutex);
	eventfd_write(mailbox->eventfd, 1);
}
