#define _GNU_SOURCE
#include "CHost.h"
#include <string.h>
#include <sys/socket.h>

int chost_send_descriptor(int socket, int descriptor) {
  char byte = ' ';
  struct iovec bytes = {.iov_base = &byte, .iov_len = 1};
  union {
    struct cmsghdr header;
    char room[CMSG_SPACE(sizeof descriptor)];
  } control = {0};
  struct msghdr message = {
      .msg_iov = &bytes, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof control.room};
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof descriptor);
  memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
  return (int)sendmsg(socket, &message, MSG_NOSIGNAL);
}
