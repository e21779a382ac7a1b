# SPDX-License-Identifier: LGPL-2.1-or-later
"""A program with a PIN agent on the bus. It answers from a thread of its connection's, so a test may wait for a call.

    agent = Agent("alice", answer=lambda question: b"1234")
    agent.register()
    agent.questions[0].details["tries-left"]

What `answer` gives for a Question: the PIN's bytes, a descriptor to hand on as it is (an int; it is closed), an error's
name, or None: no answer yet, give() one later.
"""
import typing

from gi.repository import Gio, GLib

import client
import stack

PATH = "/org/jpkid1/agent"
INTERFACE = "org.jpkid1.Agent"
MANAGER = "org.jpkid1.Manager"
DISMISSED = "org.jpkid1.Error.Dismissed"


class Question(typing.NamedTuple):
    number: int
    details: dict
    message: Gio.DBusMessage


class Error(typing.NamedTuple):
    """What client.Refused wants to know of an error reply."""
    reply: Gio.DBusMessage

    def get_error_name(self):
        return self.reply.get_error_name()

    def get_args_list(self):
        body = self.reply.get_body()
        return list(body.unpack()) if body else []


def connect(user):
    with client.effective_user(user):
        connection = Gio.DBusConnection.new_for_address_sync(
            Gio.dbus_address_get_for_bus_sync(Gio.BusType.SYSTEM),
            Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION)
    connection.set_exit_on_close(False)
    return connection


class Agent:
    def __init__(self, user="root", answer=lambda question: None):
        self.answer = answer
        self.questions, self.cancelled = [], []
        self.connection = connect(user)
        self.name = self.connection.get_unique_name()
        self.connection.add_filter(self._take)

    def close(self):
        if not self.connection.is_closed():
            self.connection.close_sync()

    def register(self, path=PATH, **options):
        options = {key.replace("_", "-"): GLib.Variant("b", value) for key, value in options.items()}
        self.call(client.ROOT, MANAGER, "RegisterAgent", "(oa{sv})", path, options)

    def unregister(self, path=PATH):
        self.call(client.ROOT, MANAGER, "UnregisterAgent", "(o)", path)

    def call(self, path, interface, member, signature, *arguments):
        """A call of the agent's own connection to jpkid, with interaction allowed."""
        message = Gio.DBusMessage.new_method_call(client.NAME, path, interface, member)
        message.set_flags(Gio.DBusMessageFlags.ALLOW_INTERACTIVE_AUTHORIZATION)
        message.set_body(GLib.Variant(signature, arguments))
        reply, _ = self.connection.send_message_with_reply_sync(message, Gio.DBusSendMessageFlags.NONE,
                                                                client.REPLY_PATIENCE * 1000)
        if reply.get_message_type() == Gio.DBusMessageType.ERROR:
            raise client.Refused(Error(reply))
        return reply.get_body()

    def wait_for_question(self, count=1):
        stack.wait_until(lambda: len(self.questions) >= count, f"{count} questions")
        return self.questions[count - 1]

    def wait_for_cancel(self, question):
        stack.wait_until(lambda: question.number in self.cancelled, "Cancel")

    def give(self, question, answer):
        if isinstance(answer, str):
            reply = Gio.DBusMessage.new_method_error_literal(question.message, answer, "")
        else:
            descriptor = stack.pipe_with(answer) if isinstance(answer, bytes) else answer
            descriptors = Gio.UnixFDList.new_from_array([descriptor])
            reply = Gio.DBusMessage.new_method_reply(question.message)
            reply.set_body(GLib.Variant("(h)", (0,)))
            reply.set_unix_fd_list(descriptors)
        self.send(reply)

    def send(self, message):
        self.connection.send_message(message, Gio.DBusSendMessageFlags.NONE)

    def _take(self, connection, message, incoming):
        if not incoming or message.get_interface() != INTERFACE:
            return message
        arguments = message.get_body().unpack()
        if message.get_member() == "Cancel":
            self.cancelled += arguments
        elif message.get_member() == "RequestPin":
            question = Question(*arguments, message)
            self.questions.append(question)
            answer = self.answer(question)
            if answer is not None:
                self.give(question, answer)
        return None
