# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the daemon serves is what dbus/org.jpkid1.xml publishes: every member of it, and no other."""
import os
import unittest
import xml.etree.ElementTree

import client
import stack

CLIENTS_IMPLEMENT = {"org.jpkid1.Agent"}
INTROSPECTABLE = "org.freedesktop.DBus.Introspectable"


def annotations(element):
    return frozenset((one.get("name"), one.get("value")) for one in element.findall("annotation"))


def member(element):
    """All that a caller has to know of a method, signal or property."""
    arguments = tuple((one.get("name"), one.get("type"), one.get("direction"), annotations(one))
                      for one in element.findall("arg"))
    return element.tag, element.get("type"), element.get("access"), arguments, annotations(element)


def interfaces(node):
    return {interface.get("name"): {one.get("name"): member(one) for one in interface if one.tag != "annotation"}
            for interface in node.findall("interface")}


class Contract(client.TestCase):
    def introspect(self, path):
        return xml.etree.ElementTree.fromstring(self.client.call(path, INTROSPECTABLE, "Introspect"))

    def published(self):
        tree = xml.etree.ElementTree.parse(os.path.join(stack.TOP, "dbus/org.jpkid1.xml")).getroot()
        return {name: members for name, members in interfaces(tree).items() if name not in CLIENTS_IMPLEMENT}

    def served(self):
        """The interfaces of org.jpkid1 at each object."""
        paths = [client.ROOT, *self.client.objects()]
        return {path: {name: members for name, members in interfaces(self.introspect(path)).items()
                       if name.startswith("org.jpkid1.")} for path in paths}

    def test_every_member_that_is_served_is_published_and_the_other_way_round(self):
        served = {}
        for shown in self.served().values():
            served.update(shown)
        published = self.published()
        self.assertEqual(set(published), set(served))
        for name, members in published.items():
            with self.subTest(name):
                self.assertEqual(set(members), set(served[name]))

    def test_names_types_directions_access_and_annotations_are_those_that_are_published(self):
        published = self.published()
        for path, shown in self.served().items():
            for interface, members in shown.items():
                for name, served in members.items():
                    with self.subTest(path, member=f"{interface}.{name}"):
                        self.assertEqual(published[interface].get(name), served)

    def test_each_object_has_its_interface(self):
        expected = {client.ROOT: {"org.jpkid1.Manager"}}
        for path in self.client.objects():
            kind = path.split("/")[3]
            applet = path.endswith(("/auth", "/sign"))
            expected[path] = {"org.jpkid1.Reader" if kind == "reader" else
                              "org.jpkid1.Applet" if applet else "org.jpkid1.Card"}
        self.assertEqual(expected, {path: set(shown) for path, shown in self.served().items()})
        self.assertEqual(5, len(expected))

    def test_both_applets_serve_the_same(self):
        served = self.served()
        card = self.client.card()
        self.assertEqual(served[f"{card}/auth"], served[f"{card}/sign"])

    def test_the_object_manager_lists_what_the_objects_say_of_themselves(self):
        for path, shown in self.client.objects().items():
            for interface, properties in shown.items():
                if not interface.startswith("org.jpkid1."):
                    continue
                with self.subTest(path):
                    self.assertEqual(properties, self.client.call(path, "org.freedesktop.DBus.Properties", "GetAll",
                                                                  "s", interface))
                    self.assertEqual({name: one[1] for name, one in self.published()[interface].items()
                                      if one[0] == "property"},
                                     {name: self.signature(value) for name, value in properties.items()})

    def signature(self, value):
        kinds = {"String": "s", "Boolean": "b", "ObjectPath": "o", "Int32": "i", "Byte": "y"}
        return kinds[type(value).__name__]

    def test_every_object_can_be_found_from_the_root(self):
        found, waiting = set(), ["/"]
        while waiting:
            path = waiting.pop()
            found.add(path)
            waiting += [path.rstrip("/") + "/" + node.get("name") for node in self.introspect(path).findall("node")]
        self.assertLessEqual(set(self.client.objects()) | {client.ROOT}, found)

    def test_the_objects_stand_where_the_contract_says(self):
        self.assertEqual({"/org/jpkid1/reader/Virtual_20Reader_200_2000_2000", *(
            self.client.card() + rest for rest in ("", "/auth", "/sign"))}, set(self.client.objects()))
        self.assertRegex(self.client.card(), r"^/org/jpkid1/card/\d+$")

    def test_the_standard_interfaces_are_served_everywhere(self):
        for path in [client.ROOT, *self.client.objects()]:
            self.assertIsNone(self.client.call(path, "org.freedesktop.DBus.Peer", "Ping"))
            self.assertLessEqual({INTROSPECTABLE, "org.freedesktop.DBus.Properties"},
                                 set(interfaces(self.introspect(path))))
        self.assertIn("org.freedesktop.DBus.ObjectManager", interfaces(self.introspect(client.ROOT)))


if __name__ == "__main__":
    unittest.main()
