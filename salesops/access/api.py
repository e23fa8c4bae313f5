"""API of the one who asks: who am I, my settings, my token."""

from zoneinfo import available_timezones

from django.db import transaction
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_field, inline_serializer
from rest_framework import serializers, status
from rest_framework.authtoken.models import Token
from rest_framework.generics import RetrieveUpdateAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from salesops.access.models import User


class MeRow(serializers.ModelSerializer):
    name = serializers.CharField(source="__str__", read_only=True)
    rep = serializers.SerializerMethodField(help_text="Code of the rep row whose numbers are own; empty = none.")

    class Meta:
        model = User
        fields = ("id", "email", "name", "role", "rep", "sees_everything", "time_zone", "theme")
        read_only_fields = ("id", "email", "role", "sees_everything")

    @extend_schema_field({"type": "string", "nullable": True})
    def get_rep(self, user: User) -> str | None:
        rep = getattr(user, "rep", None)  # the organisation's row, linked there
        return rep.code if rep else None

    def validate_time_zone(self, value: str) -> str:
        if value and value not in available_timezones():
            raise serializers.ValidationError(_("No time zone; write for example Europe/Berlin."))
        return value


class Me(RetrieveUpdateAPIView):
    """The person who asks. Time zone and theme can be changed."""

    serializer_class = MeRow
    http_method_names = ["get", "head", "options", "patch"]

    def get_object(self) -> User:
        return self.request.user


class MyToken(APIView):
    """One token a person, shown once when it is made. Send it as `Authorization: Token …`."""

    @extend_schema(
        request=None,
        responses={201: inline_serializer("NewToken", {"token": serializers.CharField()})},
        description="Make a new token; the one before stops working.",
    )
    def post(self, request: Request) -> Response:
        with transaction.atomic():
            User.objects.select_for_update().get(pk=request.user.pk)
            Token.objects.filter(user=request.user).delete()
            token = Token.objects.create(user=request.user)
        return Response({"token": token.key}, status.HTTP_201_CREATED)

    @extend_schema(request=None, responses={204: None}, description="Revoke the token.")
    def delete(self, request: Request) -> Response:
        Token.objects.filter(user=request.user).delete()
        return Response(status=status.HTTP_204_NO_CONTENT)
